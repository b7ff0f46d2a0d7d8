# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the agent keeps its things on a node."""

from __future__ import annotations

from .._core.places import HOME

FOLDER = f"{HOME}/sync"  # 0700
CODE = f"{FOLDER}/agent.zip"
LAUNCHER = f"{FOLDER}/agent"
SETTINGS = f"{FOLDER}/settings.json"
STATE = f"{FOLDER}/state.json"
QUEUE = f"{FOLDER}/queue.db"
DOCUMENTS = f"{FOLDER}/documents"
NEWEST = f"{DOCUMENTS}/newest"  # see document_store
SECRETS = f"{FOLDER}/secrets"  # what documents name, and nothing else
TOKEN = f"{FOLDER}/token"
CA = f"{FOLDER}/ca.pem"
CERTIFICATE = f"{FOLDER}/client.crt"
KEY = f"{FOLDER}/client.key"
ROUND = f"{FOLDER}/round.lock"  # held while the agent works

COMMAND = "lightk8s-edge"
SERVICE = "lightk8s-sync.service"
TIMER = "lightk8s-sync.timer"
UNITS = "/etc/systemd/system"
LEFT = f"{HOME}-left"  # what was waiting when an agent was removed: a file for each queue
EVENTS = ".jsonl"  # its end; beside it lie files of queues that were damaged
