#!/bin/sh
# Copyright: (c) 2026, lightk8s.edge contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Unmounts every cgroup v1 hierarchy of which this container sees the machine's root.
for agent in /sys/fs/cgroup/*/release_agent; do
    [ -e "$agent" ] || continue
    folder=${agent%/release_agent}
    [ -L "$folder" ] && continue
    umount "$agent" 2>/dev/null
    umount "$folder"
done
exit 0
