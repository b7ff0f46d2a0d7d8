# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The config.yaml of a K3s node: rendered from our inputs, and read back as K3s reads it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Union

from ..._core import yamlish
from ..._core.errors import EdgeError
from ..._core.records import dataclass, field
from .flags import Flag, canonical, lookup

Value = Union[bool, str, tuple[str, ...]]

MODE = 0o600  # datastore passwords and keys of object stores may stand in it
_TRUE = ("1", "t", "T", "TRUE", "true", "True")
_FALSE = ("0", "f", "F", "FALSE", "false", "False")
_DROPIN_SUFFIXES = (".yaml", ".yml")


class ConfigError(EdgeError):
    """A value cannot be that of its flag, or a file is not a mapping of flags."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, kind="spec", hint=hint)


@dataclass(frozen=True)
class NodeInputs:
    """The checked inputs of one node. None and empty mean unset: the key is left out.

    Keys that only servers know are left out of an agent's file, so a site's inputs can be given to
    all its nodes. `server` is the URL to join; the token stands in the file `token_file`.
    """

    role: str
    token_file: str = ""
    agent_token_file: str = ""
    server: str = ""
    cluster_init: bool = False
    datastore_endpoint: str = field(default="", repr=False)
    node_name: str = ""
    node_ips: Sequence[str] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: Sequence[str] = ()
    tls_sans: Sequence[str] = ()
    cluster_cidr: Sequence[str] = ()
    service_cidr: Sequence[str] = ()
    disable: Sequence[str] = ()
    flannel_backend: str = ""
    disable_network_policy: bool | None = None
    secrets_encryption: bool | None = None
    snapshot_enabled: bool | None = None
    write_kubeconfig_mode: str = ""
    data_dir: str = ""
    selinux: bool | None = None
    protect_kernel_defaults: bool | None = None
    debug: bool | None = None
    kubelet_args: Sequence[str] = ()
    apiserver_args: Sequence[str] = ()
    extra_config: Mapping[str, object] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Config:
    """The keys of a config.yaml in order, and its text."""

    values: Mapping[str, Value] = field(repr=False)
    text: str = field(repr=False)
    mode: int = MODE


def input_values(inputs: NodeInputs) -> dict[str, Value]:
    """The keys that the inputs other than extra_config ask for, in the order of the file."""
    snapshots = inputs.snapshot_enabled
    wished: dict[str, object] = {
        "token-file": inputs.token_file,
        "agent-token-file": inputs.agent_token_file,
        "server": inputs.server,
        "cluster-init": inputs.cluster_init or None,
        "datastore-endpoint": inputs.datastore_endpoint,
        "data-dir": inputs.data_dir,
        "node-name": inputs.node_name,
        "node-ip": inputs.node_ips,
        "node-label": [f"{key}={value}" for key, value in sorted(inputs.labels.items())],
        "node-taint": inputs.taints,
        "tls-san": inputs.tls_sans,
        "cluster-cidr": inputs.cluster_cidr,
        "service-cidr": inputs.service_cidr,
        "flannel-backend": inputs.flannel_backend,
        "disable": inputs.disable,
        "disable-network-policy": inputs.disable_network_policy,
        "secrets-encryption": inputs.secrets_encryption,
        "etcd-disable-snapshots": None if snapshots is None else not snapshots,
        "write-kubeconfig-mode": inputs.write_kubeconfig_mode,
        "selinux": inputs.selinux,
        "protect-kernel-defaults": inputs.protect_kernel_defaults,
        "debug": inputs.debug,
        "kubelet-arg": inputs.kubelet_args,
        "kube-apiserver-arg": inputs.apiserver_args,
    }
    return {
        key: normalize(key, value)
        for key, value in wished.items()
        if value is not None and value not in ("", [], ()) and _has(key, inputs.role)
    }


def _has(key: str, role: str) -> bool:
    flag = lookup(key)
    return flag is not None and flag.allows(role)


def render_config(inputs: NodeInputs) -> Config:
    """The node's only configuration file. Raises ConfigError for values that checks would refuse.

    Lists of extra_config are added behind those of the inputs, other keys of it win.
    """
    values = input_values(inputs)
    for key, value in normalize_all(inputs.extra_config).items():
        ours = values.get(key)
        if isinstance(ours, tuple) and isinstance(value, tuple):
            values[key] = (*ours, *(item for item in value if item not in ours))
        elif value != ():
            values[key] = value
    return Config(values, yamlish.dump(values))


def normalize_all(mapping: Mapping[str, object]) -> dict[str, Value]:
    """Long names and the types of the flags' kinds; lists of two spellings of a key are joined."""
    values: dict[str, Value] = {}
    for key, raw in mapping.items():
        name, value = canonical(key), normalize(key, raw)
        before = values.get(name)
        if isinstance(before, tuple) and isinstance(value, tuple):
            value = before + value
        values[name] = value
    return values


def normalize(key: str, value: object) -> Value:
    """The value in the type of the key's kind; an unknown key keeps its shape."""
    flag = lookup(key)
    items = value if isinstance(value, (list, tuple)) else None
    if flag is None:
        return tuple(map(as_text, items)) if items is not None else _loose(value)
    if flag.kind == "list":
        return _list(flag, [value] if items is None else items)
    if items is not None:
        raise ConfigError(f"{flag.name} takes one value, not a list")
    return to_bool(flag.name, value) if flag.kind == "bool" else as_text(value)


def default_value(flag: Flag) -> Value:
    """What K3s takes when the flag is not set, in its normal form."""
    if flag.kind == "list":
        return _list(flag, [flag.default])
    return flag.default == "true" if flag.kind == "bool" else flag.default


def _loose(value: object) -> Value:
    return value if isinstance(value, bool) else as_text(value)


def _list(flag: Flag, items: Iterable[object]) -> tuple[str, ...]:
    texts = [as_text(item) for item in items]
    if flag.splits:
        texts = [part.strip() for text in texts for part in text.split(",")]
    return tuple(text for text in texts if text)


def to_bool(key: str, value: object) -> bool:
    """A boolean in any form that the command line takes. Raises ConfigError."""
    if isinstance(value, bool):
        return value
    text = as_text(value)
    if text not in (*_TRUE, *_FALSE):
        raise ConfigError(f"{key} is a switch: true or false, not {text!r}")
    return text in _TRUE


def as_text(value: object) -> str:
    """The argument that K3s makes of a value of its configuration file (Go's fmt.Sprint)."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _go_float(value)
    if isinstance(value, (str, int)):
        return str(value)
    raise ConfigError(f"a value of type {type(value).__name__} cannot be that of a flag")


def _go_float(value: float) -> str:
    """The fewest digits that read back, with an exponent from 10^6 on and below 10^-4."""
    special = {"inf": "+Inf", "-inf": "-Inf", "nan": "NaN"}.get(repr(value))
    if special is not None:
        return special
    texts = (f"{value:.{digits}e}" for digits in range(17))
    text = next(text for text in texts if float(text) == value)
    exponent = int(text.partition("e")[2])
    return repr(value).removesuffix(".0") if -4 <= exponent < 6 else text


def read_config(main: str | None, dropins: Iterable[tuple[str, str]] = ()) -> dict[str, object]:
    """What K3s takes from a configuration file and its drop-in folder, keys in their order.

    `main` is None when there is no such file; `dropins` are (file name, text) of all files of the
    folder. A later file replaces a key, `key+` adds to it. Raises YamlishError or ConfigError,
    which name the file.
    """
    chosen = sorted(
        (name.encode(), name, text)
        for name, text in dropins
        if name.lower().endswith(_DROPIN_SUFFIXES)
    )
    files = [("config.yaml", main)] if main is not None else []
    files += [(name, text) for dummy, name, text in chosen]
    values: dict[str, object] = {}
    for name, text in files:
        for key, value in _items(name, text):
            _merge(values, key, value)
    return values


def _items(name: str, text: str) -> list[tuple[str, object]]:
    try:
        pairs = yamlish.load_items(text)
    except yamlish.YamlishError as error:
        raise ConfigError(f"{name}: {error.message}") from error
    for key, value in pairs:
        items = value if isinstance(value, list) else [value]
        if any(isinstance(item, (dict, list)) for item in items):
            raise ConfigError(f"{name}: {key} is nested; a flag takes one value or a list")
    return pairs


def _merge(values: dict[str, object], key: str, value: object) -> None:
    name = key.removesuffix("+")
    if key == name or name not in values:
        values[name] = value
    else:
        values[name] = [*_as_list(values[name]), *_as_list(value)]


def _as_list(value: object) -> list[object]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]
