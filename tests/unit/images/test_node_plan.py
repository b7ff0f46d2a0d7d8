# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a node does about its images, as tables: what is missing, named, kept, removed, left alone."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._core.records import replace
from ansible_collections.lightk8s.edge.plugins.module_utils._host.host import Host
from ansible_collections.lightk8s.edge.plugins.module_utils._images import (
    chains,
    leftovers,
    packing,
    plan,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._images.run import refuse_others
from ansible_collections.lightk8s.edge.plugins.module_utils._images.seen import (
    PINNED,
    STAGED,
    Contents,
    Record,
    Seen,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._images.spec import (
    ABSENT,
    Delivery,
    Layer,
    Piece,
    Spec,
    Wanted,
    spec_of,
)


def sha(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


OURS = {PINNED: "pinned", STAGED: "yes"}
TILL = Wanted(
    name="shop.example/till:2",
    digest=sha("index"),
    manifest=sha("manifest"),
    config=sha("config"),
    layers=(Layer(sha("blob 1"), sha("tar 1")), Layer(sha("blob 2"), sha("tar 2"))),
)
PIN = f"shop.example/till@{sha('index')}"
DIFF_IDS = tuple(layer.diff_id for layer in TILL.layers)


def seen(target: str = TILL.digest, whole: bool = True, **more: Any) -> Seen:
    """A node that has TILL under both names, ours, and unpacked."""
    names = more.pop("names", TILL.names)
    labels = more.pop("labels", OURS)
    records = {name: Record(name, target, labels) for name in names}
    records[TILL.config] = Record(TILL.config, target)
    known: dict[str, Any] = {
        "contents": {target: Contents(TILL.config, DIFF_IDS, whole)},
        "chains": frozenset(chains.chain(DIFF_IDS)),
    }
    return Seen(**{**known, "records": records, **more})


def test_a_chain_is_that_of_the_specification() -> None:
    one, two, three = sha("1"), sha("2"), sha("3")
    assert chains.chain([one]) == [one]
    second = sha(f"{one} {two}")
    assert chains.chain([one, two, three]) == [one, second, sha(f"{second} {three}")]
    assert chains.chain([]) == []


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("shop.example/till:2", ("shop.example/till:2", PIN)),
        (f"shop.example/till@{sha('index')}", (PIN,)),
        (f"shop.example/till:2@{sha('index')}", ("shop.example/till:2", PIN)),
        ("shop.example:5000/till:2", ("shop.example:5000/till:2", PIN.replace("/", ":5000/", 1))),
    ],
)
def test_an_image_can_be_asked_for_by_tag_and_digest(name: str, names: tuple[str, ...]) -> None:
    assert replace(TILL, name=name).names == names


@pytest.mark.parametrize(
    ("found", "mode"),
    [
        (seen(), "exact"),
        (seen(target=sha("made")), "alias"),
        (seen(whole=False), "layer-less"),
        (seen(chains=frozenset()), ""),
        (seen(contents={}), ""),
        (seen(contents={TILL.digest: Contents(sha("another"), DIFF_IDS, True)}), ""),
        (seen(names=(PIN,)), ""),
        (Seen(), ""),
    ],
)
def test_the_mode_is_what_the_names_lead_to(found: Seen, mode: str) -> None:
    assert plan.mode(TILL, found) == mode


@pytest.mark.parametrize(
    ("found", "left"),
    [(seen(), []), (seen(target=sha("made")), [TILL]), (seen(whole=False), [TILL])],
)
def test_where_only_what_is_published_counts_all_else_is_missing(
    found: Seen, left: list[Wanted]
) -> None:
    wanted = replace(TILL, exact=True)
    assert [replace(item, exact=False) for item in plan.missing(Spec((wanted,)), found)] == left
    assert [row["present"] for row in plan.report(Spec((wanted,)), found)] == [not left]


@pytest.mark.parametrize(
    ("found", "kept_as"), [(seen(target=sha("made")), "alias"), (seen(whole=False), "layer-less")]
)
def test_a_runtime_that_keeps_something_else_than_was_published_is_refused(
    found: Seen, kept_as: str
) -> None:
    refuse_others(Spec((TILL,)), found)
    refuse_others(Spec((replace(TILL, exact=True),)), seen())
    refuse_others(Spec((replace(TILL, exact=True),)), Seen())  # that is for others to tell
    with pytest.raises(EdgeError, match=f"containerd keeps it as {kept_as}") as caught:
        refuse_others(Spec((replace(TILL, exact=True),)), found)
    assert caught.value.kind == "refused"


def test_a_layer_that_is_there_in_another_compression_is_told() -> None:
    tars = {layer.diff_id: sha("another gzip") for layer in TILL.layers}
    bare = replace(TILL, layers=tuple(Layer(x.diff_id, x.diff_id) for x in TILL.layers))
    assert plan.have(Spec((TILL,)), Seen(layers=tars))["blobs"] == sorted(tars)
    assert plan.have(Spec((bare,)), Seen(layers=tars))["blobs"] == []


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (seen(), []),
        (seen(whole=False), sorted(chains.chain(DIFF_IDS))),
        (seen(whole=False, chains=frozenset({DIFF_IDS[0]})), []),
        (seen(whole=False, torn=frozenset({TILL.name})), []),
    ],
)
def test_layers_need_no_blob_where_the_runtime_discards_them(found: Seen, told: list[str]) -> None:
    assert plan.have(Spec((TILL,)), found)["unpacked"] == told


def test_nothing_is_done_where_all_is_right() -> None:
    assert plan.plan(Spec((TILL,)), seen()).empty
    assert plan.plan(Spec((TILL,)), seen(target=sha("made"))).empty


@pytest.mark.parametrize(
    ("found", "actions"),
    [
        (Seen(), [f"import {TILL.name}"]),
        (seen(chains=frozenset()), [f"import {TILL.name}"]),
        (
            seen(names=(PIN,)),
            [f"name {PIN} {TILL.name}, too", f"keep {TILL.name} from being collected"],
        ),
        (seen(labels={}), [f"keep {name} from being collected" for name in TILL.names]),
    ],
)
def test_what_lacks_is_done(found: Seen, actions: list[str]) -> None:
    done = plan.plan(Spec((TILL,)), found)
    assert [text for text in done.actions() if "keep" not in text or text in actions] == actions
    assert done.changed


def gone(name: str = TILL.name) -> Spec:
    return Spec((Wanted(name, ABSENT),))


def test_an_image_goes_with_its_pin_and_the_name_of_the_runtime() -> None:
    (step,) = plan.plan(gone(), seen()).steps
    assert step.params["names"] == [TILL.name, PIN, TILL.config]


def test_the_name_of_the_runtime_stays_as_long_as_another_name_leads_there() -> None:
    found = seen(names=(*TILL.names, "shop.example/other:1"))
    (step,) = plan.plan(gone(), found).steps
    assert step.params["names"] == [TILL.name, PIN]


@pytest.mark.parametrize("user", [TILL.name, PIN, TILL.config])
def test_an_image_that_a_container_uses_stays(user: str) -> None:
    done = plan.plan(gone(), seen(used=frozenset({user})))
    assert done.empty
    assert done.warnings == (f"{TILL.name} stays: a container uses it",)


def test_what_is_not_there_is_not_removed() -> None:
    assert plan.plan(gone("shop.example/unknown:1"), seen()).empty
    assert plan.plan(gone(), Seen()).empty


@pytest.mark.parametrize(
    ("prune", "labels", "steps"), [(True, OURS, 1), (False, OURS, 0), (True, {}, 0)]
)
def test_pruning_takes_what_we_brought_and_nothing_else(
    prune: bool, labels: dict[str, str], steps: int
) -> None:
    done = plan.plan(Spec((), prune=prune), seen(labels=labels))
    assert len(done.steps) == steps


SENT = Delivery(TILL.name, "d" * 64, 1, (Piece(sha("tar 1"), "whole", "e" * 64, 2),))


@pytest.mark.parametrize(
    ("deliveries", "found", "pieces"),
    [
        (None, seen(left=frozenset({"f" * 64})), ["f" * 64]),
        (None, Seen(left=frozenset({"f" * 64})), None),
        ((SENT,), Seen(left=frozenset({"d" * 64, "e" * 64, "f" * 64})), ["f" * 64]),
        ((SENT,), seen(left=frozenset({"d" * 64, "e" * 64})), ["d" * 64, "e" * 64]),
        ((SENT,), Seen(left=frozenset({"e" * 64})), None),
    ],
)
def test_what_a_cut_run_has_left_goes_unless_it_is_of_use(
    deliveries: tuple[Delivery, ...] | None, found: Seen, pieces: list[str] | None
) -> None:
    steps = plan.plan(Spec((TILL,), deliveries), found).steps
    assert [s.params["pieces"] for s in steps if s.verb == "tidy"] == ([pieces] if pieces else [])


def test_pieces_are_left_when_nobody_can_wait_for_them(tmp_path: Path) -> None:
    host = Clock(str(tmp_path))
    leftovers.asked(host, ["a" * 64, "b" * 64])
    leftovers.used(host, ["b" * 64])
    assert leftovers.left(host) == {"b" * 64}
    host.write("/var/lib/lightk8s/artifacts/.partial-" + "a" * 64, b"half")
    leftovers.remove(host, ["b" * 64])
    host.moment += 100_000
    assert leftovers.left(host) == {"a" * 64}
    leftovers.remove(host, ["a" * 64])
    assert leftovers.left(host) == frozenset()
    assert host.names("/var/lib/lightk8s/artifacts") == host.names("/var/lib/lightk8s/state") == []


class Clock(Host):
    """A host whose clock is set by the test."""

    moment = 1_000_000.0

    def now(self) -> float:
        return self.moment


def test_a_node_tells_what_it_was_asked_about() -> None:
    found = seen(
        names=(),
        blobs=frozenset({sha("blob 1"), sha("of another image")}),
        extracted={sha("tar 1"): sha("tar 1"), sha("base"): sha("base")},
        free=7,
        reserve=3,
        runtime="v2 go1",
    )
    assert plan.have(Spec((TILL,)), found) == {
        "missing": [TILL.name],
        "blobs": [sha("blob 1")],
        "extracted": sorted([sha("tar 1"), sha("base")]),
        "unpacked": [],
        "chains": sorted(chains.chain(DIFF_IDS)),
        "runtime": "v2 go1",
        "free": 7,
        "reserve": 3,
        "packs": packing.faithful(),
    }


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"name": "x"},
        {"name": "x", "digest": "no digest", "manifest": "", "config": "", "layers": []},
        {"name": "x", "digest": sha(""), "manifest": sha(""), "config": sha(""), "layers": [["a"]]},
    ],
)
def test_nonsense_from_the_controller_is_refused(row: dict[str, Any]) -> None:
    with pytest.raises(EdgeError) as caught:
        spec_of([row], None, False)
    assert caught.value.kind == "spec"


def test_a_torn_image_is_brought_again() -> None:
    assert plan.missing(Spec((TILL,)), seen()) == []
    assert plan.missing(Spec((TILL,)), seen(torn=frozenset({TILL.name}))) == [TILL]


def test_what_came_while_another_run_brought_the_same_is_removed() -> None:
    delivery = Delivery(TILL.name, "d" * 64, 1, (Piece(DIFF_IDS[0], "delta", "e" * 64, 5),))
    spec = Spec((TILL,), (delivery,))
    (step,) = plan.plan(spec, seen(noted=frozenset({"e" * 64, "f" * 64}))).steps
    assert (step.verb, step.params) == ("tidy", {"pieces": ["e" * 64]})
    bringing = plan.plan(spec, seen(names=(), noted=frozenset({"e" * 64})))
    assert [step.verb for step in bringing.steps] == ["bring"]


def test_an_import_that_was_killed_at_its_end_is_settled() -> None:
    steps = plan.plan(Spec((TILL,)), seen(unsettled=frozenset({TILL.name}))).steps
    assert [step.verb for step in steps] == ["settle"]
