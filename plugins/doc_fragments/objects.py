# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Options of modules that write objects of a cluster."""

    DOCUMENTATION = r"""
options:
  distribution:
    description:
      - The Kubernetes distribution of the node.
    type: str
    choices: [k0s, k3s, kubeedge, microk8s]
    default: k3s
  site:
    description:
      - Name of the site. It appears in results and messages.
    type: str
    default: ""
  role:
    description:
      - What the node is in its cluster. An agent has no access to the API, so tasks go to a server.
    type: str
    choices: [server, agent]
    default: server
  data_dir:
    description:
      - Folder for the distribution's data, where its configuration does not name one.
    type: path
  kubeconfig:
    description:
      - A kubeconfig on the controller. With it the work is done there, and nothing runs on the task's host.
      - Proxies are taken from it, or from the controller's environment.
    type: path
  context:
    description:
      - The context of O(kubeconfig). Unset means its current one.
    type: str
  namespace:
    description:
      - The namespace of objects that name none.
    type: str
    default: default
  state:
    description:
      - Whether the objects are to be there. With V(absent) the run waits until they are gone.
      - V(absent) with O(owner) and without objects removes all that is the owner's.
    type: str
    choices: [present, absent]
    default: present
  owner:
    description:
      - Name of the list to which the objects belong. What belongs to it and is not described any more is removed, and
        nothing else is.
      - Its kinds are remembered in a ConfigMap in C(kube-system). Marks and notes are those of ApplySets.
    type: str
  force:
    description:
      - Whether to take over fields that other managers have set to other values, and objects of other lists.
    type: bool
    default: false
  recreate:
    description:
      - Whether to delete and create anew what differs in fields that cannot be changed. The server checks the new one
        beforehand.
    type: bool
    default: false
  wait:
    description:
      - Whether to wait until the objects are rolled out, bound, complete or gone.
    type: bool
    default: true
  wait_timeout:
    description:
      - How many seconds to wait, for all objects together.
    type: int
    default: 300
"""
