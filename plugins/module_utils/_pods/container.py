# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one container of the simple form. Pure."""

from __future__ import annotations

import re
import typing as t

from .._core import quantity
from .._core.forms import Values, camel, camels, checked, one_of, quantities, typed, wrong
from . import options
from .volumes import mounts

DIGEST = r"sha256:[0-9a-f]{64}\Z"
PROBES = ("liveness_probe", "readiness_probe", "startup_probe")
HANDLERS = ("http_get", "tcp_socket", "exec", "grpc")
LIMITED = ("cpu", "memory")  # what a container must not take without a bound


def container(form: Values, where: str) -> dict[str, t.Any]:
    """The container of a checked form."""
    found: dict[str, t.Any] = {"name": form["name"], "image": image(form, where)}
    if "image_pull_policy" in form:
        found["imagePullPolicy"] = form["image_pull_policy"]
    for option in ("command", "args", "working_dir"):
        if option in form:
            found["workingDir" if option == "working_dir" else option] = form[option]
    parts = {
        "env": variables(form.get("env", {}), f"{where}: env"),
        "envFrom": sources(form.get("env_from", ()), f"{where}: env_from"),
        "resources": resources(form, where),
        "ports": ports(form.get("ports", ()), f"{where}: ports"),
        "volumeMounts": mounts(form.get("volumes", ()), f"{where}: volumes"),
        "securityContext": camels(form.get("security_context", {})),
    }
    found.update({name: part for name, part in parts.items() if part})
    for option in PROBES:
        if option in form:
            name = option.replace("_probe", "Probe")
            found[name] = probe(form[option], f"{where}: {option}")
    return found


def image(form: Values, where: str) -> str:
    """The image, with its digest where one is given."""
    if not form.get("image"):
        raise wrong(where, "image is missing", "name the image of the container")
    named, digest = str(form["image"]), str(form.get("digest", ""))
    if not digest:
        return named
    if not re.match(DIGEST, digest):
        raise wrong(where, f"digest: {digest!r} is none", "write sha256: and 64 hexadecimal digits")
    if "@" in named:
        raise wrong(where, "image holds a digest already", "leave out the option digest")
    return f"{named}@{digest}"


def variables(given: Values, where: str) -> list[dict[str, t.Any]]:
    """`env`: a value, or a dictionary that says where the value comes from."""
    found: list[dict[str, t.Any]] = []
    for name, value in given.items():
        here = f"{where}: {name}"
        if isinstance(value, t.Mapping):
            found.append({"name": name, "valueFrom": _source(value, here)})
        else:
            text = typed("" if value is None else value, {"type": "str"}, here)
            found.append({"name": name, "value": text})
    return found


def _source(given: Values, where: str) -> dict[str, t.Any]:
    row = checked(given, options.ENV_SOURCE, where)
    kind = one_of(row, ("secret", "config_map", "field", "resource"), where)
    if kind == "field":
        return {"fieldRef": {"fieldPath": row["field"]}}
    if kind == "resource":
        return {"resourceFieldRef": {"resource": row["resource"]}}
    if "key" not in row:
        raise wrong(where, "key is missing", f"name the key of the {kind} that holds the value")
    found: dict[str, t.Any] = {"name": row[kind], "key": row["key"]}
    if "optional" in row:
        found["optional"] = row["optional"]
    return {"secretKeyRef" if kind == "secret" else "configMapKeyRef": found}


def sources(given: t.Sequence[t.Any], where: str) -> list[dict[str, t.Any]]:
    """`env_from`: Secrets and ConfigMaps whose keys are all variables."""
    found = []
    for number, item in enumerate(given):
        here = f"{where}[{number}]"
        row = checked(item, options.ENV_FROM, here)
        kind = one_of(row, ("secret", "config_map"), here)
        reference: dict[str, t.Any] = {"name": row[kind]}
        if "optional" in row:
            reference["optional"] = row["optional"]
        entry: dict[str, t.Any] = {"secretRef" if kind == "secret" else "configMapRef": reference}
        if "prefix" in row:
            entry["prefix"] = row["prefix"]
        found.append(entry)
    return found


def resources(form: Values, where: str) -> dict[str, t.Any]:
    """Requests and limits; a container without limits is refused unless that is asked for."""
    here = f"{where}: resources"
    given = checked(form.get("resources", {}), options.RESOURCES, here)
    found = {name: quantities(part, f"{here}: {name}") for name, part in given.items() if part}
    limits = found.get("limits", {})
    missing = [name for name in LIMITED if name not in limits]
    if missing and not form.get("allow_unlimited"):
        raise wrong(
            here,
            f"no limit of {' and '.join(missing)}",
            f"set resources.limits.{missing[0]}, or allow_unlimited to true",
        )
    for name, amount in found.get("requests", {}).items():
        if name in limits and quantity.nanos(amount) > quantity.nanos(limits[name]):
            raise wrong(
                here,
                f"{amount} of {name} is requested, above its limit of {limits[name]}",
                f"lower requests.{name}, or raise limits.{name}",
            )
    return found


def ports(given: t.Sequence[t.Any], where: str) -> list[dict[str, t.Any]]:
    """`ports` of the container."""
    found = []
    for number, item in enumerate(given):
        here = f"{where}[{number}]"
        row = checked(item, options.PORT, here)
        for name in ("container_port", "host_port"):
            if name in row and not 0 < row[name] < 65536:
                raise wrong(here, f"{name} is {row[name]}; ports are 1 to 65535")
        # Server-side apply tells ports apart by number and protocol: it wants both.
        found.append(camels({"protocol": "TCP", **row}))
    return found


def probe(given: t.Any, where: str) -> dict[str, t.Any]:
    """A probe, in Kubernetes' terms."""
    row = checked(given, options.PROBE, where)
    handler = one_of(row, HANDLERS, where)
    for name in ("http_get", "tcp_socket", "grpc"):
        if name == handler and "port" not in row[name]:
            raise wrong(f"{where}: {name}", "port is missing")
    found: dict[str, t.Any] = camels(row)
    target = found[camel(handler)]
    if isinstance(target.get("port"), str) and target["port"].isdigit():
        target["port"] = int(target["port"])
    return found
