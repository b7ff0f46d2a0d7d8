#!/bin/sh
# Copyright: (c) 2026, lightk8s.edge contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# First process of a node: makes a privileged container look like a machine of its own, then
# becomes systemd. Takes TESTBED_AIRGAP=1 and TESTBED_READONLY_USR=1 from the environment.
set -eu
mkdir -p /run/testbed /run/systemd/system/sysinit.target.wants /run/systemd/system.conf.d

# 1. The hierarchies of cgroup v1. podman --systemd=always binds the machine's name=systemd over
#    the node's own, and hierarchies which the machine has not delegated are the machine's root:
#    in both a node would see, and its kubelet would clean up, the groups of all nodes. Only the
#    root of a hierarchy has a release_agent. systemd may mount them again, so once more after it.
/bin/sh /testbed/own-cgroups.sh
cat >/run/systemd/system/testbed-own-cgroups.service <<'UNIT'
[Unit]
Description=Take off cgroup hierarchies that belong to the machine
DefaultDependencies=no
Before=sysinit.target
[Service]
Type=oneshot
ExecStart=/bin/sh /testbed/own-cgroups.sh
UNIT
ln -s ../testbed-own-cgroups.service /run/systemd/system/sysinit.target.wants/

# 2. Kernel settings outside net/ are the machine's: show copies, so that a node can neither
#    change the machine nor fail at it. kubelet finds the four values that it insists on.
for tree in vm fs; do
    cp -r "/proc/sys/$tree" "/run/testbed/sys-$tree" 2>/dev/null || true
done
echo 1 >/run/testbed/sys-vm/overcommit_memory
echo 0 >/run/testbed/sys-vm/panic_on_oom
for tree in vm fs; do
    mount --bind "/run/testbed/sys-$tree" "/proc/sys/$tree"
done
for name in panic panic_on_oops pid_max threads-max sysrq core_pattern core_uses_pid printk \
    kptr_restrict dmesg_restrict perf_event_paranoid unprivileged_bpf_disabled; do
    [ -e "/proc/sys/kernel/$name" ] || continue
    cat "/proc/sys/kernel/$name" >"/run/testbed/sys-kernel-$name"
    mount --bind "/run/testbed/sys-kernel-$name" "/proc/sys/kernel/$name"
done
echo 10 >/proc/sys/kernel/panic
echo 1 >/proc/sys/kernel/panic_on_oops

# 3. Pods whose first process ignores SIGTERM would hold up a shutdown for 90 s.
printf '[Manager]\nDefaultTimeoutStopSec=3s\n' >/run/systemd/system.conf.d/testbed.conf

# 4. As on a machine: each boot has its own identity (journalctl --boot, Ansible's reboot and the
#    Node object tell boots apart by it), the journal is on disk, mounts are shared between
#    namespaces.
cat /proc/sys/kernel/random/uuid >/run/testbed/boot_id
mount --bind /run/testbed/boot_id /proc/sys/kernel/random/boot_id
if grep -q ' /var/log/journal ' /proc/self/mountinfo; then
    umount /var/log/journal
fi
mount --make-rshared /

# 5. Where there is snapd: what belongs to its snaps is with the node's other data, as containers
#    cannot keep layers on the node's own overlay and a disk is to hold all of it; each snap takes a
#    loop device, of which a machine begins with eight; and there is no udev that could read snapd's
#    rules or be waited for.
if [ -x /usr/lib/snapd/snapd ]; then
    for folder in /var/snap /snap; do
        kept=/var/lib/testbed$(echo "$folder" | tr / -)
        [ -d "$kept" ] || { mkdir -p "$folder" && cp -a "$folder" "$kept"; }
        mount --bind "$kept" "$folder"
    done
    number=0
    while [ "$number" -lt 64 ]; do
        [ -e "/dev/loop$number" ] || mknod -m 660 "/dev/loop$number" b 7 "$number"
        number=$((number + 1))
    done
    printf '#!/bin/sh\nexit 0\n' >/usr/local/bin/udevadm
    chmod 0755 /usr/local/bin/udevadm
fi

# 6. What the topology asks for.
if [ "${TESTBED_AIRGAP:-}" = 1 ]; then
    ip route del default || true
fi
if [ "${TESTBED_READONLY_USR:-}" = 1 ]; then
    mount --bind /usr /usr
    mount -o remount,bind,ro /usr
fi
unset TESTBED_AIRGAP TESTBED_READONLY_USR
exec /sbin/init "$@"
