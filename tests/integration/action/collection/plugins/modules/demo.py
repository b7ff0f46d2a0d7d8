# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = """
module: demo
short_description: Door for tests
description: [Door for tests.]
author: [lightk8s.edge contributors]
options: {}
"""


def run() -> None:
    from ansible.module_utils.basic import AnsibleModule

    from ansible_collections.test.kept.plugins.module_utils._doors.demo import ARGS, main

    module = AnsibleModule(**ARGS)
    result = main(module.params, module.check_mode, module._diff)
    result["via"] = "module"
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)


if __name__ == "__main__":
    run()
