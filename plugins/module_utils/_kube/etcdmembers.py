# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Members of an embedded etcd: list, health, removal.

etcd speaks gRPC; its JSON gateway (etcd.io, "gRPC gateway") offers the same calls over HTTPS. K3s
gives HTTP a port of its own on loopback, 2382, and keeps 2379 for gRPC; releases before that, and
a plain etcd, have both on 2379. Other members' gateways are out of reach, but each answers
GET /version on its peer port to who holds a peer certificate.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from .._host.http import Connection, HttpError, Tls
from .errors import ApiError
from .retry import DEFAULT, ONCE, Clock, Retry
from .transport import Transport, decoded

_STATUS = "/v3/maintenance/status"
ENDPOINTS = ("https://127.0.0.1:2382", "https://127.0.0.1:2379")

Member = Mapping[str, Any]
Identity = tuple[str, str, str]  # files of an authority, a certificate and its key


def quorum_after_removal(members: Sequence[Member], healthy: Collection[str], leaving: str) -> bool:
    """Whether the cluster keeps a quorum of healthy voters when the member `leaving` is gone.

    Members and `healthy` are known by their ids. Removal itself needs a quorum of today's voters;
    a learner has no vote, and the last voter may not leave.
    """
    voters = {member["id"] for member in members if not member["learner"]}
    alive = voters.intersection(healthy)
    rest = voters - {leaving}
    if not rest or len(alive) < _majority(len(voters)):
        return False
    return len(alive - {leaving}) >= _majority(len(rest))


def _majority(count: int) -> int:
    return count // 2 + 1


class EtcdMembers:
    """The cluster as the etcd of this node sees it.

    `client` is the identity for the client port, `peer` the one for peer ports; `timeout` is
    seconds for one try: a change asked of a dying leader is never answered, and has to be asked
    of the next one.
    Raises HttpError where no endpoint answers, ApiError where etcd refuses.
    """

    def __init__(
        self,
        client: Tls,
        peer: Tls,
        *,
        endpoints: Sequence[str] = ENDPOINTS,
        retry: Retry = DEFAULT,
        clock: Clock = time,
        timeout: float = 8.0,
    ) -> None:
        self._client = client
        self._peer = peer
        self._endpoints = tuple(endpoints)
        self._retry = retry
        self._clock = clock
        self._timeout = timeout
        self._gateway: Transport | None = None

    @classmethod
    def from_files(cls, client: Identity, peer: Identity, **options: Any) -> EtcdMembers:
        """With the certificates in these files."""
        return cls(Tls.from_files(*client), Tls.from_files(*peer), **options)

    def __enter__(self) -> EtcdMembers:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """End the kept connection."""
        if self._gateway is not None:
            self._gateway.connection.close()
            self._gateway = None

    def members(self, *, agreed: bool = True) -> list[dict[str, Any]]:
        """[{id, name, peer_urls, client_urls, learner}], sorted by name.

        The name is empty while a member that was added has not started yet. Without `agreed` the
        list is the one of this node, which is to be had without a quorum too.
        """
        answer = self._call("/v3/cluster/member/list", {"linearizable": agreed})
        return sorted(map(_member, answer.get("members") or []), key=lambda one: one["name"])

    def status(self) -> dict[str, Any]:
        """{id, version, db_size, leader, learner, errors} of this node's member.

        Sizes are bytes; `leader` is a member id, 0 where none is known.
        """
        answer = self._call(_STATUS, {})
        return {
            "id": str((answer.get("header") or {}).get("member_id", "")),
            "version": answer.get("version", ""),
            "db_size": int(answer.get("dbSize", 0)),
            "leader": str(answer.get("leader", "0")),
            "learner": bool(answer.get("isLearner", False)),
            "errors": list(answer.get("errors") or []),
        }

    def remove(self, member_id: str) -> bool:
        """Remove a member; False where there is none with that id (any more, after a lost answer).

        Ask `quorum_after_removal` before.
        """
        try:
            self._call("/v3/cluster/member/remove", {"ID": member_id})
        except ApiError as exc:
            if exc.status == 404:
                return False
            raise
        return True

    def unhealthy(self, members: Sequence[Member]) -> dict[str, str]:
        """Why, by id, of the members whose peer port does not answer."""
        found = {}
        for member in members:
            reason = self._peer_fault(member)
            if reason:
                found[member["id"]] = reason
        return found

    def _peer_fault(self, member: Member) -> str:
        reason = "it has not started yet"
        for url in member["peer_urls"] if member["name"] else ():
            with Connection(url, tls=self._peer, connect_timeout=self._timeout) as connection:
                transport = Transport(connection, tls=self._peer, retry=ONCE, clock=self._clock)
                try:
                    transport.call("GET", "/version", timeout=self._timeout)
                except (ApiError, HttpError) as exc:
                    reason = exc.message
                else:
                    return ""
        return reason

    def _call(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        if self._gateway is None:
            self._gateway = self._found_gateway()
        # Every call used here may be sent twice: a second removal finds nothing to remove.
        response = self._gateway.call(
            "POST", path, body=body, repeatable=True, timeout=self._timeout
        )
        return decoded(response, path)

    def _found_gateway(self) -> Transport:
        faults: list[ApiError | HttpError] = []
        for url in self._endpoints:
            connection = Connection(url, tls=self._client, connect_timeout=self._timeout)
            gateway = Transport(connection, tls=self._client, retry=self._retry, clock=self._clock)
            try:
                gateway.call("POST", _STATUS, body={}, retry=ONCE, timeout=self._timeout)
            except (ApiError, HttpError) as exc:
                connection.close()
                faults.append(exc)
            else:
                return gateway
        # An expired certificate says more than the port that this release does not use.
        faults.sort(key=lambda fault: getattr(fault, "reason", "") in ("refused", "protocol"))
        raise faults[0]


def _member(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": str(entry["ID"]),
        "name": str(entry.get("name") or ""),
        "peer_urls": list(entry.get("peerURLs") or []),
        "client_urls": list(entry.get("clientURLs") or []),
        "learner": bool(entry.get("isLearner", False)),
    }
