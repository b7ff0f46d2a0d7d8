# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files from web servers that do what web servers do."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.cache import is_thrown_away

from .bench import Bench
from .mirror import MEGABYTE, QUICK, TAG, Faults, dead_url, serving, write_release

ONLY = "/k3s"


@pytest.fixture
def content(tmp_path: Path) -> bytes:
    """The binary that every mirror of these tests holds."""
    return (write_release(tmp_path / "m", arches=["amd64"]) / "k3s").read_bytes()


def test_a_file_is_fetched_once_and_then_comes_from_the_cache(
    tmp_path: Path, content: bytes
) -> None:
    with serving(tmp_path / "m") as server:
        bench = Bench(tmp_path, server.url)
        path = bench.fetch()
        assert path.read_bytes() == content
        assert path.name == bench.binary().sha256
        assert bench.lines[0] == f"k3s {TAG}: 2.0 MB"
        assert bench.lines[-1].startswith(f"k3s {TAG}: 2.0 MB of 2.0 MB, ")
        url = server.url
    offline = Bench(tmp_path, url)
    assert offline.fetch() == path
    assert offline.lines == []
    assert offline.binary().size == len(content)
    assert bench.objects() == [path.name]


def test_a_transfer_that_breaks_off_goes_on_where_it_was(tmp_path: Path, content: bytes) -> None:
    # More interruptions than attempts: each one brought something.
    with serving(tmp_path / "m", Faults(only=ONLY, cut=200_000, cuts=8)) as server:
        bench = Bench(tmp_path, server.url)
        assert bench.fetch().read_bytes() == content
        expected = ["", *(f"bytes={done}-" for done in range(200_000, 1_800_000, 200_000))]
        assert server.asked("k3s")[: len(expected)] == expected
    assert f"k3s {TAG}: 2.0 MB, going on after 1.6 MB" in bench.lines
    assert len(bench.hints) == is_thrown_away(bench.cache)
    assert all(hint.startswith("fetching 2.0 MB into") for hint in bench.hints)


def test_what_an_earlier_run_left_is_used(tmp_path: Path, content: bytes) -> None:
    faults = Faults(only=ONLY, cut=500_000, cuts=1, statuses=[])
    with serving(tmp_path / "m", faults) as server:
        bench = Bench(tmp_path, server.url)
        binary = bench.binary()
        objects = tmp_path / "cache" / "objects"
        objects.mkdir()
        (objects / f"{binary.sha256}.partial").write_bytes(content[:700_000])
        assert bench.store.fetch(binary).read_bytes() == content
        assert server.asked("k3s") == ["bytes=700000-", "bytes=1200000-"]


def test_a_complete_partial_file_needs_no_network(tmp_path: Path, content: bytes) -> None:
    with serving(tmp_path / "m") as server:
        bench = Bench(tmp_path, server.url)
        binary = bench.binary()
    objects = tmp_path / "cache" / "objects"
    objects.mkdir()
    (objects / f"{binary.sha256}.partial").write_bytes(content)
    assert bench.store.fetch(binary).read_bytes() == content
    assert bench.objects() == [binary.sha256]


@pytest.mark.parametrize("length", [1000, 2 * MEGABYTE, 3 * MEGABYTE])
@pytest.mark.parametrize("ranges", [True, False])
def test_a_spoilt_partial_file_is_no_obstacle(
    tmp_path: Path, content: bytes, length: int, ranges: bool
) -> None:
    with serving(tmp_path / "m", Faults(only=ONLY, ranges=ranges)) as server:
        bench = Bench(tmp_path, server.url)
        binary = bench.binary()
        objects = tmp_path / "cache" / "objects"
        objects.mkdir()
        (objects / f"{binary.sha256}.partial").write_bytes(b"\0" * length)
        assert bench.store.fetch(binary).read_bytes() == content
    assert bench.warnings == []
    assert bench.objects() == [binary.sha256]


def test_a_mirror_without_ranges_starts_again(tmp_path: Path, content: bytes) -> None:
    with serving(tmp_path / "m", Faults(only=ONLY, ranges=False, cut=900_000, cuts=1)) as server:
        assert Bench(tmp_path, server.url).fetch().read_bytes() == content
        assert server.asked("k3s") == ["", "bytes=900000-"]


@pytest.mark.parametrize(
    "faults",
    [
        Faults(only=ONLY, statuses=[500, 503]),
        Faults(only=ONLY, statuses=[429]),
        Faults(only=ONLY, length=False),
        Faults(only=ONLY, cut=0, cuts=2),
    ],
    ids=["500", "429", "no length", "empty answers"],
)
def test_a_clumsy_mirror_still_serves(tmp_path: Path, content: bytes, faults: Faults) -> None:
    with serving(tmp_path / "m", faults) as server:
        bench = Bench(tmp_path, server.url)
        assert bench.fetch().read_bytes() == content
    assert bench.warnings == []


@pytest.mark.parametrize(
    ("faults", "reason"),
    [
        (Faults(only=ONLY, statuses=[500] * 9), "HTTP 500 Internal Server Error"),
        (Faults(only=ONLY, statuses=[404]), "HTTP 404 Not Found"),
        (Faults(only=ONLY, statuses=[403]), "HTTP 403 Forbidden"),
        (Faults(only=ONLY, statuses=[416]), "HTTP 416"),
        (Faults(only=ONLY, cut=1000, cuts=99), "cut after 3000 of 2000000 bytes"),
        (Faults(only=ONLY, drip=True), "sent"),
        (Faults(only=ONLY, hold=0), "broke off: no answer in time"),
        (Faults(only=ONLY, page=b"<html>log in</html>"), "answers with a web page"),
    ],
    ids=["500", "404", "403", "416", "cut", "drip", "stall", "portal"],
)
def test_the_next_mirror_is_taken_and_the_reason_told(
    tmp_path: Path, content: bytes, faults: Faults, reason: str
) -> None:
    with serving(tmp_path / "m", faults) as bad, serving(tmp_path / "m") as good:
        bench = Bench(tmp_path, bad.url, good.url)
        assert bench.fetch().read_bytes() == content
        (warning,) = bench.warnings
        assert f"{bad.url}/v1.34.2%2Bk3s1/k3s: {reason}" in warning
        assert len(bad.asked("k3s")) <= QUICK.attempts


def test_a_range_other_than_asked_for_is_not_appended(tmp_path: Path, content: bytes) -> None:
    faults = Faults(only=ONLY, cut=900_000, cuts=1, wrong_range=True)
    with serving(tmp_path / "m", faults) as bad, serving(tmp_path / "m") as good:
        bench = Bench(tmp_path, bad.url, good.url)
        assert bench.fetch().read_bytes() == content
        assert "another range" in bench.warnings[0]


def test_parts_of_two_mirrors_make_one_file(tmp_path: Path, content: bytes) -> None:
    faults = Faults(only=ONLY, cut=0, cuts=99)
    with serving(tmp_path / "m", faults) as first, serving(tmp_path / "m") as second:
        bench = Bench(tmp_path, first.url, second.url)
        binary = bench.binary()
        objects = tmp_path / "cache" / "objects"
        objects.mkdir()
        (objects / f"{binary.sha256}.partial").write_bytes(content[:300_000])
        assert bench.store.fetch(binary).read_bytes() == content
        assert second.asked("k3s") == ["bytes=300000-"]


def test_wrong_bytes_are_removed_and_named(tmp_path: Path, content: bytes) -> None:
    with serving(tmp_path / "m") as server:
        bench = Bench(tmp_path, server.url)
        binary = bench.binary()
        (tmp_path / "m" / TAG / "k3s").write_bytes(b"not k3s")
        error = bench.failure()
        assert "cannot fetch k3s of v1.34.2+k3s1" in str(error)
        assert f"expected sha256 {binary.sha256}" in str(error)
        assert f"{server.url}/v1.34.2%2Bk3s1/k3s: wrong checksum, found " in str(error)
        assert "(7 B)" in str(error)
        assert "put the right file on it" in error.hint
    assert bench.objects() == []


def test_wrong_bytes_on_one_mirror_do_not_spoil_another(tmp_path: Path, content: bytes) -> None:
    wrong = write_release(tmp_path / "w", arches=["amd64"], seed=2)
    with serving(tmp_path / "m") as good, serving(wrong.parent) as bad:
        bench = Bench(tmp_path, bad.url, good.url)
        binary = Bench(tmp_path / "other", good.url, bad.url).binary()
        mixed = type(binary)(
            TAG,
            binary.name,
            binary.sha256,
            None,
            tuple(f"{server.url}/{TAG}/k3s" for server in (bad, good)),
        )
        assert bench.store.fetch(mixed).read_bytes() == content
        assert "wrong checksum" in bench.warnings[0]
        # From its own start: the first bytes that lie there are another mirror's.
        assert good.asked("k3s") == [""]


def test_every_mirror_and_its_reason_is_listed(tmp_path: Path, content: bytes) -> None:
    away = dead_url()
    with serving(tmp_path / "m") as server:
        bench = Bench(tmp_path, away, server.url, str(tmp_path / "m"))
        bench.binary()
        (tmp_path / "m" / TAG / "k3s").unlink()
        message = str(bench.failure())
        assert f"{away}/v1.34.2%2Bk3s1/k3s: Connection refused" in message
        assert f"{server.url}/v1.34.2%2Bk3s1/k3s: HTTP 404" in message
        assert f"{tmp_path}/m/{TAG}/k3s: No such file or directory" in message


def test_what_does_not_fit_on_the_disk_is_not_begun(tmp_path: Path, content: bytes) -> None:
    with serving(tmp_path / "m", Faults(only=ONLY, claim=10**18)) as server:
        bench = Bench(tmp_path, server.url)
        error = bench.failure("io")
        assert "k3s of v1.34.2+k3s1 needs 1000000000.0 GB more in" in str(error)
        assert bench.objects() == []


def test_a_damaged_object_is_found_and_replaced(tmp_path: Path, content: bytes) -> None:
    bench = Bench(tmp_path, str(tmp_path / "m"))
    path = bench.fetch()
    path.unlink()
    path.write_bytes(b"\0" + content[1:])
    again = Bench(tmp_path, str(tmp_path / "m"))
    assert again.fetch().read_bytes() == content
    assert "damaged" in again.warnings[0]


def test_a_file_placed_by_hand_is_used(tmp_path: Path, content: bytes) -> None:
    with serving(tmp_path / "m") as server:
        bench = Bench(tmp_path, server.url)
        binary = bench.binary()
    place = tmp_path / "cache" / "objects" / binary.sha256
    place.parent.mkdir()
    place.write_bytes(content)
    assert bench.store.fetch(binary) == place


def test_a_fitting_pin_passes(tmp_path: Path, content: bytes) -> None:
    bench = Bench(tmp_path, str(tmp_path / "m"))
    binary = bench.binary()
    for pin in (binary.sha256, f"sha256:{binary.sha256}", f" {binary.sha256.upper()}\n"):
        assert bench.store.fetch(binary, pinned_sha256=pin).read_bytes() == content


@pytest.mark.parametrize(("pin", "kind"), [("0" * 64, "artifact"), ("abc", "spec")])
def test_another_pin_is_refused_before_anything_is_fetched(
    tmp_path: Path, content: bytes, pin: str, kind: str
) -> None:
    with serving(tmp_path / "m") as server:
        bench = Bench(tmp_path, server.url)
        with pytest.raises(EdgeError) as caught:
            bench.store.fetch(bench.binary(), pinned_sha256=pin)
        assert caught.value.kind == kind
        assert pin in str(caught.value)
        assert server.asked("k3s") == []


def test_a_login_is_used_and_neither_shown_nor_passed_on(tmp_path: Path, content: bytes) -> None:
    with (
        serving(tmp_path / "m") as elsewhere,
        serving(tmp_path / "m", Faults(login="me:secret")) as server,
    ):
        bench = Bench(tmp_path, f"http://me:secret@{server.address}")
        assert bench.fetch().read_bytes() == content
        server.faults.redirect = elsewhere.url
        bench.store.fetch(bench.store.describe(TAG).asset("images", "amd64"))
        assert elsewhere.asked(".tar.zst") == [""]
        assert elsewhere.authorizations == [""]
        (tmp_path / "cache" / "objects" / bench.binary().sha256).unlink()
        elsewhere.faults.statuses = [404]
        assert "secret" not in str(bench.failure())
    kept = [path.read_text() for path in (tmp_path / "cache" / "k3s").glob("*.json")]
    assert kept
    assert "secret" not in "".join(kept)


def test_the_proxy_of_the_environment_is_used(
    tmp_path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(tmp_path / "m") as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        assert Bench(tmp_path, "http://mirror.invalid").fetch().read_bytes() == content
        assert len(proxy.asked("k3s")) == 1
