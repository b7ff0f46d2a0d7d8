# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables of other hosts, templated as those of a task's own host are.

What stands behind `hostvars` itself knows no `hostvars`: a guest whose address is that of the machine it
lives on, `ansible_host: "{{ hostvars[edge_alias_of].ansible_host }}"`, could not be read by it.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Mapping


class HostVariables(Mapping[str, t.Any]):
    """One host's. Raises AnsibleError where a value cannot be templated."""

    def __init__(self, variables: Mapping[str, t.Any], templar: t.Any) -> None:
        self._variables = variables
        self._templar = templar.copy_with_new_env(available_variables=variables)

    def __getitem__(self, key: str) -> t.Any:
        return self._templar.template(self._variables[key])

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)


class Hosts(Mapping[str, Mapping[str, t.Any]]):
    """All hosts', by name; `hostvars` is core's own."""

    def __init__(self, hostvars: t.Any, templar: t.Any) -> None:
        self._hostvars = hostvars
        self._templar = templar

    def __getitem__(self, name: str) -> Mapping[str, t.Any]:
        known = {**self._hostvars.raw_get(name), "hostvars": self._hostvars}
        return HostVariables(known, self._templar)

    def __iter__(self) -> Iterator[str]:
        return iter(self._hostvars)

    def __len__(self) -> int:
        return len(self._hostvars)
