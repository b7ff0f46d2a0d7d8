# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Manifests are read as Kubernetes' own tools read them, and Secrets are taken apart."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.plugin_utils._objects.manifests import (
    documents_of,
    read_documents,
    sealed,
)

# The values that sigs.k8s.io/yaml, and with it kubectl, gives these scalars.
SCALARS: dict[str, Any] = {
    "yes": True,
    "off": False,
    "0644": 420,
    "0o17": 15,
    "0x1f": 31,
    "1_000": 1000,
    "-7": -7,
    "1e3": 1000,
    "1.5": 1.5,
    "22:22": "22:22",
    "2001-01-01": "2001-01-01",
    "2001-12-14T21:59:43Z": "2001-12-14T21:59:43Z",
    "=": "=",
    "1.2.3": "1.2.3",
    "08": 8,  # no octal number, so it is a decimal one
    "100m": "100m",
    "~": None,
}


@pytest.mark.parametrize("text", sorted(SCALARS))
def test_plain_scalar(text: str) -> None:
    found = read_documents(f"key: {text}\n", "it")
    assert found == [{"key": SCALARS[text]}]
    assert isinstance(found[0]["key"], type(SCALARS[text]))


def test_documents_that_are_empty_do_not_count() -> None:
    text = "---\na: 1\n---\n# nothing\n---\nb: 2\n...\n"
    assert documents_of([text, {"c": 3}], "it") == [{"a": 1}, {"b": 2}, {"c": 3}]
    assert documents_of('{"a": [1]}', "it") == [{"a": [1]}]


def test_a_fault_is_told_by_its_place_and_without_the_text() -> None:
    with pytest.raises(EdgeError) as caught:
        read_documents("a: 1\nword: [very-secret\n", "app.yaml")
    assert caught.value.kind == "spec"
    assert "app.yaml is no YAML, line 3" in caught.value.message
    assert "very-secret" not in caught.value.message


@pytest.mark.parametrize("text", ["a: !!python/object:os.system {}", "a: *nothing"])
def test_what_is_no_plain_data_is_refused(text: str) -> None:
    with pytest.raises(EdgeError):
        read_documents(text, "it")


def test_values_of_secrets_travel_apart_also_those_in_lists() -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": "s",
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "word", "a": "b"},
        },
        "stringData": {"key": "word"},
    }
    other = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}
    whole = {"apiVersion": "v1", "kind": "List", "items": [other, secret]}
    shown, hidden = sealed([other, whole])
    assert "word" not in json.dumps(shown)
    assert [item["kind"] for item in shown] == ["ConfigMap", "ConfigMap", "Secret"]
    assert shown[2]["metadata"]["annotations"] == {"a": "b"}
    assert json.loads(hidden) == {"2": {"stringData": {"key": "word"}}}
    assert sealed([other]) == ([other], "")
