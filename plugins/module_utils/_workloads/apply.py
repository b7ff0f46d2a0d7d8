# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carries out the steps of a plan, one request each."""

from __future__ import annotations

import typing as t

from .._core.errors import EdgeError
from .._core.plan import Step
from .._kube.client import Client
from .._kube.discovery import NoSuchKind
from .._kube.errors import ApiError
from .._kube.resources import Resource
from .limits import pod_template
from .owner import NAMESPACE
from .refusals import explain, raise_all
from .rollout import READY, judge
from .seen import Object, Row
from .spec import Spec, label
from .waiting import Patience, wait_deleted, wait_ready

_APPEARS = 30.0  # seconds in which a new kind is served once its definition is there
_LOOK_EVERY = 0.2


class Work:
    """One run's way through its plan."""

    def __init__(self, client: Client, spec: Spec) -> None:
        self._client = client
        self._spec = spec
        self._patience = Patience(client, spec.wait_timeout)
        self._ready: set[str] = set()  # by the server's answer to the change itself

    def perform(self, step: Step) -> None:
        """Do one step. EdgeError where the server refuses or something does not become ready."""
        verbs: dict[str, t.Callable[[t.Mapping[str, t.Any]], None]] = {
            "apply": self._apply,
            "replace": self._replace,
            "delete": self._delete,
            "note": lambda params: self._written("ConfigMap", params["note"]),
            "forget": self._forget,
            "gate": self._gate,
        }
        verbs[step.verb](step.params)

    def _apply(self, params: t.Mapping[str, t.Any]) -> None:
        wish, kind = params["wish"], params["kind"] or self._kind_to_come(params["wish"])
        try:
            answer = self._client.apply(wish, kind=kind, force=self._spec.force)
        except ApiError as exc:
            problem = explain(self._spec, Row(wish, kind), exc)
            raise_all([problem] if problem is not None else [])
            raise
        if judge(answer).state == READY:
            self._ready.add(label(wish))

    def _kind_to_come(self, wish: Object) -> Resource:
        """A kind whose definition this run has brought: it is served a moment later."""
        clock = self._client.clock
        end = clock.monotonic() + _APPEARS
        while True:
            self._client.discovery.refresh()
            try:
                return self._client.discovery.find(str(wish["apiVersion"]), str(wish["kind"]))
            except NoSuchKind:
                if clock.monotonic() >= end:
                    raise
            clock.sleep(_LOOK_EVERY)

    def _replace(self, params: t.Mapping[str, t.Any]) -> None:
        meta = params["wish"]["metadata"]
        namespace, name = str(meta.get("namespace") or ""), str(meta["name"])
        place = {"kind": params["kind"], "namespace": namespace, "name": name, "uid": params["uid"]}
        self._delete({**place, "foreground": pod_template(params["wish"]) is not None})
        wait_deleted(self._client, place, self._patience)
        self._apply(params)

    def _delete(self, params: t.Mapping[str, t.Any]) -> None:
        """Pods and what makes them go with all that hangs on them; the rest is cleared up behind us."""
        try:
            self._client.delete(
                params["kind"],
                params["namespace"],
                params["name"],
                uid=params["uid"],
                propagation="Foreground" if params.get("foreground") else "Background",
            )
        except ApiError as exc:
            if exc.status != 409:
                raise
            # Another object has taken the name since: the one that was to go has gone.

    def _forget(self, params: t.Mapping[str, t.Any]) -> None:
        self._client.delete("ConfigMap", NAMESPACE, params["name"])

    def _written(self, kind: str, item: Object) -> None:
        self._client.apply(item, kind=kind, force=True)

    def _gate(self, params: t.Mapping[str, t.Any]) -> None:
        if params["what"] == "gone":
            wait_deleted(self._client, params, self._patience)
        elif label(params["wish"]) not in self._ready:
            wait_ready(self._client, params["wish"], self._patience)


def carry_out(client: Client, spec: Spec, steps: t.Sequence[Step]) -> None:
    """All steps in order; an error names the step it happened in."""
    work = Work(client, spec)
    for step in steps:
        try:
            work.perform(step)
        except EdgeError as exc:
            exc.step = exc.step or step.summary
            raise
