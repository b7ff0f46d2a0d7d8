#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Usage: tools/demo.sh up DISTRIBUTION|down
# From a bare machine to two sites, a running pod on each and a second run that changes nothing.
set -euo pipefail

tools=$(cd "$(dirname "$0")" && pwd)
if ! python3 -c 'import ctypes, ensurepip, venv' 2>/dev/null; then
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        echo "missing: python3-venv; on Debian or Ubuntu: apt-get install python3-venv" >&2
        exit 1
    fi
    apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q python3-venv
fi
echo "preparing the tools (a minute the first time)"
environment=$(python3 "$tools/virtualenv.py" tools)
export PATH="$environment/bin:$PATH" PYTHONPATH="$tools/../tests/testbed"
exec "$environment/bin/python" -m bed.demo "$@"
