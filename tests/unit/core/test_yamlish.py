# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import math

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lightk8s.edge.plugins.module_utils._core import yamlish

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
SCALARS = st.one_of(st.none(), st.booleans(), TEXT, st.integers(-(2**63), 2**64 - 1))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXT, inner, max_size=4)),
    max_leaves=20,
)
DOCUMENTS = st.dictionaries(TEXT, VALUES, max_size=6)


@given(DOCUMENTS)
def test_what_is_written_reads_back(document: dict[str, object]) -> None:
    assert yamlish.load(yamlish.dump(document, bare_ints=True)) == document


@given(DOCUMENTS)
def test_another_parser_reads_the_same(document: dict[str, object]) -> None:
    text = yamlish.dump(document, bare_ints=True)
    assert text.isascii()
    assert yaml.safe_load(text) == document


@given(st.dictionaries(TEXT, st.one_of(TEXT, st.booleans(), st.lists(TEXT)), max_size=6))
def test_strings_stay_strings_for_a_parser_without_types(document: dict[str, object]) -> None:
    """A parser that gives plain scalars other types than ours still sees our strings."""
    read = yaml.BaseLoader(yamlish.dump(document)).get_single_data()
    expected = {
        key: str(value).lower() if isinstance(value, bool) else value
        for key, value in document.items()
    }
    assert read == expected


def test_integers_are_quoted_unless_asked() -> None:
    assert yamlish.dump({"port": 6443}) == 'port: "6443"\n'
    assert yamlish.dump({"port": 6443}, bare_ints=True) == "port: 6443\n"


def test_layout() -> None:
    document = {
        "token-file": "/etc/x",
        "cluster-init": True,
        "disable": ["traefik", "servicelb"],
        "*": {"endpoint": ["https://r:5000"], "empty": {}, "none": []},
        "yes": None,
    }
    assert yamlish.dump(document) == (
        'token-file: "/etc/x"\n'
        "cluster-init: true\n"
        "disable:\n"
        '  - "traefik"\n'
        '  - "servicelb"\n'
        '"*":\n'
        "  endpoint:\n"
        '    - "https://r:5000"\n'
        "  empty: {}\n"
        "  none: []\n"
        '"yes": null\n'
    )


@pytest.mark.parametrize("value", [{"a": 1.5}, {1: "a"}, {"a": {"b": object()}}, {"k" * 1100: ""}])
def test_what_has_no_safe_form_is_refused(value: dict[str, object]) -> None:
    with pytest.raises(yamlish.YamlishError):
        yamlish.dump(value)


def test_half_a_surrogate_is_refused() -> None:
    with pytest.raises(yamlish.YamlishError, match="surrogate"):
        yamlish.dump({"a": "\ud800"})


@pytest.mark.parametrize(
    "text, value",
    [
        ("yes", True), ("On", True), ("y", True), ("TRUE", True), ("tRUE", "tRUE"),
        ("no", False), ("OFF", False), ("n", False),
        ("null", None), ("~", None), ("Null", None), ("nULL", "nULL"),
        ("0644", 420), ("0o644", 420), ("0x1F", 31), ("0b101", 5), ("-0x10", -16), ("+7", 7),
        ("1_000", 1000), ("08", 8.0), (".5_1", 0.51), (".5_", ".5_"), ("0", 0), ("-0", 0),
        ("18446744073709551615", 2**64 - 1), ("18446744073709551616", float(2**64)),
        ("-9223372036854775808", -(2**63)),
        ("1.5", 1.5), (".5", 0.5), ("1e10", 1e10), ("1E-2", 0.01), ("5.", 5.0),
        (".inf", math.inf), ("-.INF", -math.inf),
        ("1:30", "1:30"), ("10.0.0.1", "10.0.0.1"), ("2020-01-01", "2020-01-01"),
        ("0xZZ", "0xZZ"), ("-", "-"), ("+", "+"), (".", "."), ("1e999", "1e999"), ("_1", "_1"),
        ("012345", 5349), ("v1.34", "v1.34"), ("inf", "inf"), ("nan", "nan"),
    ],
)  # fmt: skip
def test_types_of_plain_scalars(text: str, value: object) -> None:
    result = yamlish.scalar(text)
    assert result == value
    assert type(result) is type(value)


def test_not_a_number() -> None:
    result = yamlish.scalar(".NaN")
    assert isinstance(result, float)
    assert math.isnan(result)


KUBECONFIG = """\
apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: LS0tLQ==
    server: https://127.0.0.1:6443
  name: default
contexts:
- context:
    cluster: default
    user: default
  name: default
current-context: default
kind: Config
preferences: {}
users:
- name: default
  user:
    client-certificate-data: LS0t
"""


def test_a_kubeconfig() -> None:
    read = yamlish.load(KUBECONFIG)
    assert read == yaml.safe_load(KUBECONFIG)
    assert isinstance(read, dict)
    assert read["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:6443"


@pytest.mark.parametrize(
    "text, value",
    [
        ("", None),
        ("# only a comment\n\n", None),
        ("---\n", None),
        ("---  # start\na: 1\n...\n# end\n", {"a": 1}),
        ("\ufeffa: b\r\nc: d\r\n", {"a": "b", "c": "d"}),
        ("a: b # comment\nc: d#e\n", {"a": "b", "c": "d#e"}),
        ("a:\n- 1\n- two\nb:\n  - x\n", {"a": [1, "two"], "b": ["x"]}),
        ("a: [traefik, 'x,y', \"]\" , 3,]\nb: []\n", {"a": ["traefik", "x,y", "]", 3], "b": []}),
        ("a: 'it''s'\nb: \"\\u00e9\\x41\\n\\_\"\n", {"a": "it's", "b": "\u00e9A\n\xa0"}),
        ("'a b': 1\n\"c: d\" : 2\n", {"a b": 1, "c: d": 2}),
        ("a :   b\nc:\td\n", {"a": "b", "c": "d"}),
        ("a:\n\n  # x\n  b:\nc: ~\n", {"a": {"b": None}, "c": None}),
        (
            "- - 1\n  - 2\n-\n  a: 3\n- b: 4\n  c: 5\n-\n",
            [[1, 2], {"a": 3}, {"b": 4, "c": 5}, None],
        ),
        ("a: https://h:6443/x?y=1\n", {"a": "https://h:6443/x?y=1"}),
        ("node-taint+:\n  - k=v:NoExecute\n", {"node-taint+": ["k=v:NoExecute"]}),
        ("a: -1\nb: -x\nc: ?x\nd: :x\n", {"a": -1, "b": "-x", "c": "?x", "d": ":x"}),
        ("just text\n", "just text"),
        ("a: 1\na: 2\n", {"a": 2}),
        ("---foo: 1\n", {"---foo": 1}),
        ("a: {}\nb: { } # c\n", {"a": {}, "b": {}}),
    ],
)
def test_reading(text: str, value: object) -> None:
    assert yamlish.load(text) == value


@pytest.mark.parametrize(
    "text, line",
    [
        ("a: 1\n---\nb: 2\n", 2),
        ("---\na: 1\n---\n", 3),
        ("a: 1\n...\nb: 2\n", 3),
        ("--- a\n", 1),
        ("%YAML 1.1\n---\na: 1\n", 1),
        ("a: &x 1\n", 1),
        ("a: 1\nb: *x\n", 2),
        ("a: !!str 1\n", 1),
        ("a: |\n  text\n", 1),
        ("a: >-\n  text\n", 1),
        ("? a\n: b\n", 1),
        ("a: {b: c}\n", 1),
        ("a: [b, [c]]\n", 1),
        ("a: [b,\n  c]\n", 1),
        ("a: [b: c]\n", 1),
        ("a: [b, , c]\n", 1),
        ("a: [b] c\n", 1),
        ("a: 'open\n", 1),
        ('a: "open\\"\n', 1),
        ("a: 'x' y\n", 1),
        ("a: 'x'#y\n", 1),
        ('a: "\\q"\n', 1),
        ('a: "\\ud800"\n', 1),
        ("a: b: c\n", 1),
        ("a: b:\n", 1),
        ("a: b\n  c\n", 2),
        ("a: b\n c: d\n", 2),
        ("a:\n    b: 1\n  c: 2\n", 3),
        ("\ta: b\n", 1),
        ("a:\n\t- b\n", 2),
        ("a: b\n\t\n", 2),
        ("\t# c\n", 1),
        ("a:\n- \tb\n", 2),
        ("- - \t\n", 1),
        ("a: b\nc\n", 2),
        ("a: 1\n- b\n", 2),
        ("- a\nb: 1\n", 2),
        ("yes: 1\n", 1),
        ("1: 1\n", 1),
        ("<<: 1\n", 1),
        ("a: @x\n", 1),
        ("a: b\x07\n", 1),
        ("a: b\rc: d\n", 1),
        ("a: - b\n", 1),
        ("a: ,\n", 1),
        ("a: \u2028\n", 1),
    ],
)
def test_what_is_not_supported_names_its_line(text: str, line: int) -> None:
    with pytest.raises(yamlish.YamlishError) as caught:
        yamlish.load(text)
    assert caught.value.line == line
    assert caught.value.kind == "spec"


def test_items_keep_repeated_keys() -> None:
    assert yamlish.load_items("a+: [1]\na+: [2]\nb: {}\n") == [("a+", [1]), ("a+", [2]), ("b", {})]
    assert yamlish.load_items("# nothing\n") == []
    with pytest.raises(yamlish.YamlishError):
        yamlish.load_items("- a\n")


FRAGMENTS = st.sampled_from(
    [
        *(
            "a",
            "b c",
            "key",
            ":",
            ": ",
            " ",
            "  ",
            "\n",
            "\n  ",
            "\n- ",
            "- ",
            "#",
            " # x",
            "'",
            '"',
        ),
        *("''", "[", "]", ", ", ",", "{}", "{", "}", "1", "true", "\\", "\\n", "?", "? ", "&", "*"),
        *("!", "|", "-", "---", "...", "%", "@", "x: y", "\n    ", "~", "=", "/"),
    ]
)


@given(st.lists(FRAGMENTS, max_size=14).map("".join))
def test_whatever_is_read_has_the_same_shape_for_another_parser(text: str) -> None:
    """Types of plain scalars differ between parsers; keys, nesting and texts must not."""
    with contextlib.suppress(yamlish.YamlishError):
        ours = yamlish.load(text)
        assert _shape(ours) == _shape(yaml.BaseLoader(text).get_single_data())


def _shape(value: object) -> object:
    if isinstance(value, dict):
        return {key: _shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_shape(item) for item in value]
    if isinstance(value, str):
        return yamlish.scalar(value)
    return value


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(yamlish.YamlishError):
        yamlish.load(text)
