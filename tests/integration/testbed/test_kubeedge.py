# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in of KubeEdge, against what was recorded of the original, and at work on nodes."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import signal
import tarfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import yaml
from bed import mirror, paths, runtime
from bed.fleet import Fleet
from bed.packing import ARCH

from . import kubeedge_recorded as recorded
from .kubeedge_pair import BOOTSTRAP, CONFIG, DATABASE, EDGE, VERSION, Pair, pod

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def releases() -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TESTBED_RELEASES", "standin")
        return mirror.ensure(paths.cache_root(), distribution="kubeedge")


@pytest.fixture(scope="module")
def pair(make_fleet: Callable[..., Fleet], releases: Path, release_mirror: Path) -> Pair:
    pair = Pair(make_fleet(f"cloud=server; edge=agent:packages={' '.join(runtime.PACKAGES)}"))
    pair.start_cloud(release_mirror, releases)
    pair.give_edge(releases)
    return pair


@pytest.fixture(scope="module")
def joined(pair: Pair) -> Pair:
    pair.join()
    pair.apply(pod("tokenless", token=False), pod("default"))
    pair.until("both pods", lambda: pair.phases() == {"tokenless": "Running", "default": "Running"})
    return pair


def test_releases_are_laid_out_as_on_github(releases: Path) -> None:
    inside = {
        "kubeedge": {"version", "cloud/cloudcore/cloudcore", "edge/edgecore"},
        "keadm": {"version", "keadm/keadm"},
    }
    for name, files in inside.items():
        tarball = releases / VERSION / f"{name}-{VERSION}-linux-{ARCH}.tar.gz"
        with tarball.open("rb") as handle:
            digest = hashlib.file_digest(handle, "sha512").hexdigest()
        sums = releases / VERSION / f"checksum_{tarball.name}.txt"
        assert sums.read_text() == f"{digest}\n"
        with tarfile.open(tarball) as tar:
            top = f"{name}-{VERSION}-linux-{ARCH}/"
            assert {member.removeprefix(top) for member in tar.getnames()} == files
    assert len(list((releases / VERSION / "build" / "crds").rglob("*.yaml"))) == 13


def refused(pair: Pair, command: str) -> str:
    done = pair.edge.run(command, check=False)
    assert done.returncode == 1, f"{command}: {done}"
    return done.stderr


def test_keadm_refuses_as_recorded(pair: Pair) -> None:
    for command, said in recorded.NOT_JOINED.items():
        assert f"Error: {said}\n" in refused(pair, f"keadm {command}"), command
    assert pair.edge.run("keadm version -o short").stdout == f"{VERSION}\n"
    unreachable = refused(
        pair, f"keadm join --cloudcore-ipport={pair.edge.ip}:10000 --token=x.y.z.w"
    )
    url = f"https://{pair.edge.ip}:10002/node/{EDGE}"
    assert f'Error: error making request: Get "{url}": dial tcp' in unreachable
    images = pair.edge.run("keadm config images list --part=edge").stdout
    assert images == f"kubeedge/installation-package:{VERSION}\n"


def test_edgecore_refuses_bad_files_as_recorded(pair: Pair) -> None:
    missing = "/root/bad.yaml"
    assert recorded.NO_FILE.format(missing) in refused(pair, f"edgecore --config {missing}")
    assert recorded.NO_FILE.format(CONFIG) in refused(pair, "edgecore --version")
    for text, (place, said) in recorded.BAD_FILES.items():
        pair.edge.write(missing, text)
        last = refused(pair, f"edgecore --config {missing}").partition("F")[2]
        assert re.match(rf"\d{{4}} [\d:.]+ +\d+ {place}\] ", last), last
        assert said.format(missing) in last
    unknown = {"modules": {"eventbuz": {"enable": False}}, "kind": "Other", "apiVersion": "v9"}
    pair.write_config(unknown, missing)
    done = pair.edge.run(f"edgecore --config {missing}", check=False)
    assert done.returncode == 2
    assert (
        "panic: failed to apply the edge certs, err: failed to get CA certificate, err: "
        in done.stderr
    )
    assert f"edgecoreVersion: {VERSION}" in pair.edge.read(missing)
    pair.edge.run(f"rm -r {missing} /var/lib/kubeedge /etc/kubeedge")


def test_a_token_that_is_no_good_stops_edgecore(pair: Pair) -> None:
    ca, _dot, jwt = pair.token().partition(".")
    other = "0" * len(ca)
    for token, said in {
        "": "token  credentials are in the wrong format",
        "notatoken": "token notatoken credentials are in the wrong format",
        f"{other}.{jwt}": f"failed to validate CA certificate. tokenCAhash: {other}, CAhash: {ca}",
        f"{ca}.{jwt[:-4]}AAAA": "failed to get edge certificate from the cloudcore, error: failed to call http, "
        "code: 401, message: token validation failure, err: token signature is invalid: signature is invalid",
    }.items():
        pair.write_config(pair.config())
        pair.edge.write(BOOTSTRAP, token, 0o600)
        done = pair.edge.run("edgecore", check=False)
        assert done.returncode == 2
        assert f"panic: failed to apply the edge certs, err: {said}" in done.stderr
    pair.edge.run("rm -r /etc/kubeedge /var/lib/kubeedge")


def test_a_certificate_of_another_node_counts_as_none(pair: Pair) -> None:
    """Seen with the original on 2026-11-21: the words are those of edgecore v1.23.1."""
    subject = "/O=system:nodes/CN=system:node:other"
    pair.edge.run(
        "mkdir -p /etc/kubeedge/certs; cd /etc/kubeedge/certs;"
        f" openssl req -x509 -newkey rsa:2048 -nodes -keyout server.key -out server.crt -subj {subject}"
    )
    pair.write_config(pair.config())
    done = pair.edge.run("edgecore", check=False)
    assert done.returncode == 2
    said = f"certificate CN system:node:other does not match node name {EDGE}"
    assert f"unable to get the current edge certs, reason: {said}\n" in done.stderr
    assert "err: token  credentials are in the wrong format" in done.stderr
    pair.edge.run("rm -r /etc/kubeedge /var/lib/kubeedge")


def test_what_cloudcore_answers(pair: Pair) -> None:
    base = f"https://{pair.cloud.ip}:10002"
    ask = "curl -sk -w ' %{http_code}' "
    assert pair.edge.run(f"{ask} {base}/node/nobody").stdout == "Node not found 404"
    digest = pair.edge.run(f"curl -sk {base}/ca.crt | sha256sum").stdout.split()[0]
    parts = pair.token().split(".")
    assert [len(part) for part in parts] == [64, 36, 24, 43]
    assert parts[0] == digest
    done = pair.cloud.run("cloudcore --version", check=False)
    assert (done.returncode, done.stderr.partition("\n")[0]) == (
        1,
        "Error: unknown flag: --version",
    )
    before, secrets = pair.token(), ("casecret", "cloudcoresecret", "tokensecret")
    pair.kubectl("-n", "kubeedge", "get", "secret", *secrets)
    pair.cloud.run("systemctl restart cloudcore")
    pair.until("another token", lambda: pair.token() not in ("", before))
    assert pair.token().split(".")[0] == digest
    journal = pair.cloud.run("journalctl -u cloudcore -o cat --no-pager").stdout
    assert "monitor.go:99] http: Server closed" in journal
    assert "Main process exited, code=exited, status=1/FAILURE" in journal


def test_cloudcore_heeds_no_signal_and_needs_the_api_server_at_its_start(pair: Pair) -> None:
    """Seen with the original on 2026-11-21: it naps first, and the signal is one that kills."""
    config = yaml.safe_load(pair.cloud.read("/etc/kubeedge/config/cloudcore.yaml"))
    access = yaml.safe_load(pair.cloud.read("/etc/kubeedge/config/kubeconfig"))
    access["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    config["kubeAPIConfig"]["kubeConfig"] = "/root/nowhere"
    config["commonConfig"] = {"monitorServer": {"bindAddress": "127.0.0.1:19091"}}
    pair.cloud.write("/root/nowhere", yaml.safe_dump(access), 0o600)
    pair.cloud.write("/root/cloudcore.yaml", yaml.safe_dump(config))
    done = pair.cloud.run("cloudcore --config /root/cloudcore.yaml", check=False)
    assert done.returncode == 2
    assert 'panic: failed to create system namespace: Post "https://127.0.0.1:1/' in done.stderr
    stopped = "timeout --preserve-status -s TERM 0.4 cloudcore --config /root/cloudcore.yaml"
    codes = {pair.cloud.run(stopped, check=False).returncode for dummy in range(7)}
    assert codes in ({128 + signal.SIGTERM}, {128 + signal.SIGTERM, 2}), "one nap in ten is none"


def test_an_edge_registers_as_recorded(joined: Pair) -> None:
    node = joined.node()
    assert node["status"]["nodeInfo"]["kubeletVersion"] == f"v1.32.10-kubeedge-{VERSION}"
    roles = {"node-role.kubernetes.io/edge": "", "node-role.kubernetes.io/agent": ""}
    assert node["metadata"]["labels"].items() >= {**roles, "site": "shop"}.items()
    assert node["metadata"]["annotations"]["cloudcore"] == joined.cloud.ip
    ready = next(c for c in node["status"]["conditions"] if c["type"] == "Ready")
    assert (ready["status"], ready["reason"]) == ("True", "EdgeReady")
    assert ready["message"] == "edge is posting ready status"
    cert = "openssl x509 -in /etc/kubeedge/certs/server.crt -noout -subject"
    assert joined.edge.run(cert).stdout == f"subject=O = system:nodes, CN = system:node:{EDGE}\n"
    assert joined.edge.run("curl -s http://127.0.0.1:10350/healthz").stdout == "ok"
    items = json.loads(joined.edge.run("curl -s http://127.0.0.1:10350/pods").stdout)["items"]
    assert {item["metadata"]["name"] for item in items} == {"tokenless", "default"}
    sums = joined.edge.run("sha256sum /etc/kubeedge/config/edgecore.yaml").stdout
    joined.edge.run("systemctl restart edgecore")
    assert joined.edge.run("sha256sum /etc/kubeedge/config/edgecore.yaml").stdout == sums


def test_the_database_has_the_tables_of_the_original(joined: Pair) -> None:
    assert joined.tables() == {
        "device": "id name description state last_online",
        "device_attr": "id deviceid name description value optional attr_type metadata",
        "device_twin": "id deviceid name description expected actual expected_meta actual_meta "
        "expected_version actual_version optional attr_type metadata",
        "sub_topics": "topic",
        "meta": "key type value",
        "meta_v2": "key group_version_resource namespace name resource_version value",
    }
    rows = joined.rows()
    assert {f"null/node/{EDGE}", "default/pod/default", "default/podpatch/default"} <= rows
    assert f"kube-node-lease/lease/{EDGE}" in rows


def test_pods_go_on_without_the_cloud_but_for_tokens(joined: Pair) -> None:
    before = joined.running()
    assert before.keys() == {"tokenless", "default"}
    with joined.cut_off():
        joined.kill(before)
        joined.until("other containers", lambda: joined.replaced(before, {"tokenless", "default"}))
        again = joined.running()
        joined.edge.run("systemctl restart edgecore")
        joined.until("the kubelet", lambda: joined.curl("healthz") == "ok")
        assert joined.running() == again
        joined.kill(again)
        joined.until("the pod without a token", lambda: joined.replaced(again, {"tokenless"}))
        said = "failed to fetch token: serviceaccount length from meta db is 0"
        joined.until("the trap", lambda: said in joined.journal())
        assert joined.running().keys() == {"tokenless"}
        joined.until("the node away", lambda: joined.ready() == "Unknown")
    joined.until("the node back", lambda: joined.ready() == "True")
    joined.until("both pods", lambda: joined.replaced(again, {"tokenless", "default"}))


def test_a_version_that_differs_has_the_file_rewritten_with_the_token(joined: Pair) -> None:
    token = joined.token()
    joined.write_config(joined.config(edgecoreVersion="v1.23.0"))
    joined.edge.write(BOOTSTRAP, token, 0o600)
    joined.edge.run("systemctl restart edgecore")
    joined.until("the version", lambda: f"edgecoreVersion: {VERSION}" in joined.edge.read(CONFIG))
    text = joined.edge.read(CONFIG)
    assert f"token: {token}" in text
    assert "tailoredKubeletConfig:" in text
    assert "mqttServerExternal:" in text
    joined.edge.run(f"rm {BOOTSTRAP}")
    joined.write_config(joined.config())


def test_edgecore_does_not_start_beside_a_kubelet(joined: Pair) -> None:
    joined.edge.run("systemctl stop edgecore; cp /bin/sleep /root/kubelet")
    joined.edge.run("systemd-run -q --unit beside /root/kubelet 600")
    said = "kubelet should not be running on edge node when starting edgecore"
    assert f"failed to check the running environment: {said}" in refused(joined, "edgecore")
    joined.edge.run("systemctl stop beside; systemctl start edgecore")


def test_a_killed_edgecore_takes_its_kubelet_along_and_keeps_pods(joined: Pair) -> None:
    joined.until("both pods", lambda: len(joined.running()) == 2)
    joined.until("the kubelet", lambda: joined.curl("healthz") == "ok")
    before = joined.running()
    joined.edge.run("systemctl kill -s KILL --kill-who=main edgecore")
    joined.until("no kubelet", lambda: joined.edge.run("pgrep edged", check=False).returncode == 1)
    joined.until("the kubelet again", lambda: joined.curl("healthz") == "ok")
    assert joined.running() == before


def test_an_upgrade_by_keadm_keeps_containers_and_looks_at_no_health(
    joined: Pair, releases: Path
) -> None:
    before = joined.running()
    joined.edge.run("keadm backup edge")
    for version in ("v1.23.2", "v1.23.3", "v1.23.4"):
        joined.give_image(releases, f"installation-package-{version}.tar")
        done = joined.edge.run(f"keadm upgrade edge --force --toVersion={version}")
        assert "Upgrade process successful" in done.stderr
        report = json.loads(joined.edge.read("/etc/kubeedge/upgrade_report.json"))
        assert (report["success"], report["toVersion"]) == (True, version)
        if version == "v1.23.2":
            joined.until("the version", partial(joined.shows, f"v1.32.10-kubeedge-{version}"))
        if version == "v1.23.3":
            joined.until("the node not ready", lambda: joined.ready() == "False")
    joined.until(
        "the failure",
        lambda: "ExecMainStatus=3" in joined.edge.run("systemctl show edgecore").stdout,
    )
    assert joined.running() == before
    joined.edge.run("keadm rollback edge")
    joined.until("the former version", partial(joined.shows, f"v1.32.10-kubeedge-{VERSION}"))
    assert joined.running() == before
    joined.edge.run("touch /etc/kubeedge/idempotency_record")
    assert "the mutually exclusive command is being executed" in refused(
        joined, "keadm backup edge"
    )
    joined.edge.run("rm /etc/kubeedge/idempotency_record")


def test_pods_fail_where_the_cgroup_drivers_differ(joined: Pair, releases: Path) -> None:
    runtime.start(joined.edge, releases.parent / "images", systemd=True)
    joined.apply(pod("other"))
    said = "expected cgroupsPath to be of format"
    joined.until("the refusal", lambda: said in joined.journal())
    assert joined.ready() == "True"
    runtime.start(joined.edge, releases.parent / "images")
    joined.until("the pod", lambda: joined.phases()["other"] == "Running")


def test_a_lost_database_stops_the_pods_until_all_is_made_anew(joined: Pair) -> None:
    joined.edge.run(f"systemctl stop edgecore; rm {DATABASE}; systemctl start edgecore")
    joined.until("no containers", lambda: joined.running() == {})
    assert set(joined.phases().values()) == {"Running"}
    joined.until("the end", lambda: "status=255" in joined.journal())
    assert "node length from meta db is 0" in joined.journal()
    joined.kubectl("delete", "node", EDGE)
    joined.edge.run("systemctl restart edgecore")
    joined.until("the node", lambda: joined.ready() == "True")
    assert joined.running() == {}
    joined.kubectl("delete", "pods", "--all", "--timeout=120s")
    joined.apply(pod("tokenless", token=False))
    joined.until("the pod", lambda: joined.phases() == {"tokenless": "Running"})


def test_keadm_joins_after_a_reset(joined: Pair, releases: Path) -> None:
    before = joined.edge.run(f"stat -c %i {DATABASE}").stdout
    done = joined.edge.run("keadm reset edge --force")
    assert done.stderr.endswith("reset edge node successfully!\n")
    assert joined.running() == {}
    assert not joined.edge.exists("/etc/kubeedge")
    assert joined.edge.run(f"stat -c %i {DATABASE}").stdout == before, (
        "the first folder that is missing ends it"
    )
    join = f"keadm join --cloudcore-ipport={joined.cloud.ip}:10000 --edgenode-name={EDGE} "
    join += f"--kubeedge-version={VERSION} --token={shlex.quote(joined.token())} "
    said = "node already exists or internal error occurred, cannot register again"
    assert f"Error: {said}" in refused(joined, join)
    joined.kubectl("delete", "node", EDGE)
    joined.give_image(releases, f"installation-package-{VERSION}.tar")
    done = joined.edge.run(f"{join} --set modules.eventBus.enable=false --labels=site=shop")
    assert [
        line.partition("] ")[2] for line in done.stderr.splitlines() if re.search(r"] \d+\. ", line)
    ] == list(recorded.JOIN)
    joined.until("the node", lambda: joined.ready() == "True")
    assert not joined.edge.exists(BOOTSTRAP)
    assert 'token: ""' in joined.edge.read(CONFIG)
