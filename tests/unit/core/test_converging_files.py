# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The engine on real files: any wish, from any state, ends in the wish and stays there."""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.lightk8s.edge.plugins.module_utils._core import transaction
from ansible_collections.lightk8s.edge.plugins.module_utils._core.engine import (
    Bound,
    Noun,
    converge,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import (
    EdgeError,
    NeedsArtifacts,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._core.looking import look_at_paths
from ansible_collections.lightk8s.edge.plugins.module_utils._core.plan import Phase, Plan, Step
from ansible_collections.lightk8s.edge.plugins.module_utils._core.resources import (
    Absent,
    File,
    Link,
    Seen,
    Wish,
    plan_paths,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._core.verbs import COMMON, artifact_path
from ansible_collections.lightk8s.edge.plugins.module_utils._host.host import Host

PATHS = ("/etc/a.conf", "/etc/b/c.conf", "/opt/bin/tool", "/opt/bin/link")
MODES = (0o600, 0o644, 0o755)
CONTENT = st.binary(max_size=40)


def noun(*verbs: Step) -> Noun:
    """A noun whose spec is a tuple of wishes; `verbs` are steps to run after the files."""

    def plan(spec: tuple[Wish, ...], seen: dict[str, Seen | None]) -> Plan:
        files = plan_paths(spec, seen)
        return Plan((*files.steps, *(verbs if files.steps else ())), files.changes)

    return Noun("files", look_at_paths, plan, lambda spec, seen: {"paths": len(spec)})


def wish_at(path: str) -> st.SearchStrategy[Wish]:
    return st.one_of(
        st.builds(File, st.just(path), st.sampled_from(MODES), CONTENT),
        st.builds(Absent, st.just(path)),
        st.builds(Link, st.just(path), st.sampled_from(("tool", "/etc/a.conf"))),
    )


def state_at() -> st.SearchStrategy[tuple[str, bytes, int]]:
    kinds = st.sampled_from(("absent", "file", "link"))
    return st.tuples(kinds, CONTENT, st.sampled_from(MODES))


def lay_out(root: Path, states: dict[str, tuple[str, bytes, int]]) -> None:
    for path, (kind, data, mode) in states.items():
        place = root / path[1:]
        place.parent.mkdir(parents=True, exist_ok=True)
        if kind == "file":
            place.write_bytes(data)
            place.chmod(mode)
        elif kind == "link":
            place.symlink_to("elsewhere")


def holds(root: Path, wish: Wish) -> bool:
    place = root / wish.path[1:]
    if isinstance(wish, Absent):
        return not os.path.lexists(place)
    if isinstance(wish, Link):
        # A foreign file in the place of a link is left alone.
        return not place.is_symlink() or os.readlink(place) == wish.target
    return (
        not place.is_symlink()
        and place.read_bytes() == wish.data
        and place.stat().st_mode & 0o777 == wish.mode
    )


@settings(max_examples=60, deadline=None)
@given(
    wishes=st.tuples(*(wish_at(path) for path in PATHS)),
    states=st.fixed_dictionaries({path: state_at() for path in PATHS}),
)
def test_any_wish_from_any_state_ends_in_the_wish(
    wishes: tuple[Wish, ...], states: dict[str, tuple[str, bytes, int]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        lay_out(root, states)
        bounds = [Bound(noun(), wishes)]
        predicted = converge(bounds, Host(folder), check=True)
        done = converge(bounds, Host(folder), check=False)
        assert predicted.plan == done.plan
        assert all(holds(root, wish) for wish in wishes)
        assert converge(bounds, Host(folder), check=False).plan.empty


@settings(max_examples=40, deadline=None)
@given(
    wishes=st.tuples(*(wish_at(path) for path in PATHS)),
    states=st.fixed_dictionaries({path: state_at() for path in PATHS}),
)
def test_a_failure_before_the_service_leaves_the_former_state(
    wishes: tuple[Wish, ...], states: dict[str, tuple[str, bytes, int]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        lay_out(root, states)
        before = snapshot(root)
        failing = Step(Phase.FILES, "break", "x", "break")

        def fail(host: Host, step: Step) -> None:
            raise EdgeError("broken", kind="io")

        base = noun(failing)
        breaking = Noun(base.name, base.observe, base.plan, base.report, lambda: {"break": fail})
        if converge([Bound(breaking, wishes)], Host(folder), check=True).plan.empty:
            return
        with pytest.raises(EdgeError, match="broken"):
            converge([Bound(breaking, wishes)], Host(folder), check=False)
        assert snapshot(root) == before
        assert not transaction.pending(Host(folder))


def snapshot(root: Path) -> dict[str, object]:
    found: dict[str, object] = {}
    for top in ("etc", "opt"):
        for place in sorted((root / top).rglob("*")):
            if place.is_symlink():
                found[str(place)] = os.readlink(place)
            elif place.is_file():
                found[str(place)] = (place.read_bytes(), place.stat().st_mode & 0o777)
    return found


def test_the_redo_script_completes_what_a_power_cut_left(tmp_path: Path) -> None:
    lay_out(
        tmp_path, {"/etc/a.conf": ("file", b"old", 0o644), "/etc/b/c.conf": ("file", b"x", 0o644)}
    )
    host = Host(str(tmp_path))
    wishes: tuple[Wish, ...] = (
        File("/etc/a.conf", 0o600, b"new"),
        Absent("/etc/b/c.conf"),
        Link("/opt/bin/link", "tool"),
    )
    plan = plan_paths(wishes, look_at_paths(host, wishes))
    transaction.Transaction(host, plan.steps).commit([])
    script = (tmp_path / transaction.REDO[1:]).read_text()
    # The script speaks of the node's own root; here it runs against the temporary one.
    for place in ("/etc/", "/opt/", "/var/lib/lightk8s/"):
        script = script.replace(f" {place}", f" {tmp_path}{place}")
    script = script.replace("systemctl daemon-reload\n", "")
    subprocess.run(["sh", "-c", script], check=True)
    assert all(holds(tmp_path, wish) for wish in wishes if not isinstance(wish, Link))
    assert os.readlink(tmp_path / "opt/bin/link") == "tool"
    assert (tmp_path / "etc/a.conf").stat().st_mode & 0o777 == 0o600
    assert not (tmp_path / transaction.REDO[1:]).exists()


def test_an_interrupted_change_is_completed_with_its_later_steps(tmp_path: Path) -> None:
    ran: list[str] = []
    later = Step(Phase.SERVICE, "note", "service", "start the service anew")

    def act(host: Host, step: Step) -> None:
        ran.append(step.target)

    base = noun(later)
    spec = (File("/etc/a.conf", 0o644, b"new"),)
    bound = Bound(
        Noun(base.name, base.observe, base.plan, base.report, lambda: {"note": act}), spec
    )
    host = Host(str(tmp_path))
    plan = bound.noun.plan(spec, look_at_paths(host, spec))
    change = transaction.Transaction(host, plan.steps)
    change.commit([])
    change.write()  # and here the process dies
    outcome = converge([bound], Host(str(tmp_path)), check=False)
    assert ran == ["service"]
    assert outcome.plan.changed
    assert converge([bound], Host(str(tmp_path)), check=False).plan.empty


def test_missing_artifacts_are_asked_for_before_anything_changes(tmp_path: Path) -> None:
    data = b"program"
    digest = hashlib.sha256(data).hexdigest()
    spec: tuple[Wish, ...] = (
        File("/etc/a.conf", 0o644, b"new"),
        File("/opt/bin/tool", 0o755, sha256=digest, name="tool", size=len(data)),
    )
    bounds = [Bound(noun(), spec)]
    with pytest.raises(NeedsArtifacts) as caught:
        converge(bounds, Host(str(tmp_path)), check=False)
    assert caught.value.needs == [{"sha256": digest, "name": "tool", "size": len(data)}]
    assert not (tmp_path / "etc/a.conf").exists()
    place = tmp_path / artifact_path(digest)[1:]
    place.parent.mkdir(parents=True)
    place.write_bytes(data)
    assert converge(bounds, Host(str(tmp_path)), check=False).plan.changed
    assert (tmp_path / "opt/bin/tool").read_bytes() == data
    assert not place.exists()


def test_a_damaged_artifact_is_thrown_away_and_nothing_changes(tmp_path: Path) -> None:
    digest = hashlib.sha256(b"program").hexdigest()
    place = tmp_path / artifact_path(digest)[1:]
    place.parent.mkdir(parents=True)
    place.write_bytes(b"damaged")
    spec: tuple[Wish, ...] = (
        File("/etc/a.conf", 0o644, b"new"),
        File("/opt/bin/tool", 0o755, sha256=digest, name="tool", size=7),
    )
    with pytest.raises(EdgeError, match="damaged"):
        converge([Bound(noun(), spec)], Host(str(tmp_path)), check=False)
    assert not (tmp_path / "etc/a.conf").exists()
    assert not place.exists()


def test_a_flipped_byte_is_seen_although_size_and_time_are_kept(tmp_path: Path) -> None:
    place = tmp_path / "opt/bin/tool"
    place.parent.mkdir(parents=True)
    place.write_bytes(b"program")
    host = Host(str(tmp_path))
    first = host.sha256("/opt/bin/tool")
    host.keep_digests()
    times = place.stat()
    place.write_bytes(b"progrbm")
    os.utime(place, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert Host(str(tmp_path)).sha256("/opt/bin/tool") != first


def test_what_was_derived_from_a_file_is_derived_anew_when_the_file_is_another(
    tmp_path: Path,
) -> None:
    host = Host(str(tmp_path))
    found = iter("abcdef")
    assert [host.derived("/x", "name", lambda: next(found)) for dummy in range(2)] == ["a", "b"]
    host.write("/x", b"1")
    assert [host.derived("/x", "name", lambda: next(found)) for dummy in range(2)] == ["c", "c"]
    assert host.derived("/x", "name", lambda: next(found), full=True) == "d"
    host.make_folder("/var/lib/lightk8s", 0o700)
    host.keep_digests()
    later = Host(str(tmp_path))
    assert later.derived("/x", "name", lambda: next(found)) == "d"
    later.write("/x", b"2")
    assert later.derived("/x", "name", lambda: next(found)) == "e"


def test_a_second_run_waits_for_the_first_and_says_who_holds_the_node(tmp_path: Path) -> None:
    with (
        Host(str(tmp_path)).lock(),
        pytest.raises(EdgeError, match=str(os.getpid())) as caught,
        Host(str(tmp_path)).lock(wait=0.1),
    ):
        pass
    assert caught.value.kind == "busy"


def test_only_an_empty_folder_goes(tmp_path: Path) -> None:
    host = Host(str(tmp_path))
    host.write("/etc/full/file", b"")
    host.make_folder("/etc/empty")
    for folder in ("/etc/full", "/etc/empty", "/etc/never/there"):
        COMMON["remove_empty"](host, Step(Phase.CLEAN, "remove_empty", folder, ""))
    assert host.names("/etc") == ["full"]
    assert host.names("/etc/full") == ["file"]
