#!/bin/sh
# Copyright: (c) 2026, lightk8s.edge contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Turns a fresh Debian tree ($1) into the root file system of a test node.
set -eu
root=$1

chroot "$root" useradd --create-home --shell /bin/bash edge
printf 'edge ALL=(ALL:ALL) NOPASSWD: ALL\n' >"$root/etc/sudoers.d/edge"
chmod 0440 "$root/etc/sudoers.d/edge"

# The key pair of the fleet is shown to the node under /testbed (see init.sh). Many names over
# few nodes open many connections at once; the default MaxStartups would drop some of them.
rm -f "$root"/etc/ssh/ssh_host_*
cat >"$root/etc/ssh/sshd_config.d/testbed.conf" <<'CONF'
HostKey /testbed/ssh_host_ed25519_key
AuthorizedKeysFile /testbed/authorized_keys .ssh/authorized_keys
PermitRootLogin prohibit-password
PasswordAuthentication no
UseDNS no
MaxStartups 200
MaxSessions 200
CONF

# Nothing here may touch the machine's consoles or run at a time of its own choice.
for unit in getty.target console-getty.service apt-daily.timer apt-daily-upgrade.timer \
    dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer \
    systemd-udevd.service systemd-udev-trigger.service \
    systemd-binfmt.service proc-sys-fs-binfmt_misc.automount sys-kernel-debug.mount \
    sys-kernel-tracing.mount; do
    ln -sf /dev/null "$root/etc/systemd/system/$unit"
done
: >"$root/etc/default/locale"
mkdir -p "$root/var/log/journal" "$root/testbed" "$root/usr/lib/systemd/journald.conf.d"
# A distribution brings its own containerd; Debian's is there for those who start it.
if [ -e "$root/lib/systemd/system/containerd.service" ]; then
    chroot "$root" systemctl disable containerd.service
fi
# A shutdown goes through logind, which would also reserve the machine's consoles.
mkdir -p "$root/usr/lib/systemd/logind.conf.d"
printf '[Login]\nNAutoVTs=0\nReserveVT=0\n' >"$root/usr/lib/systemd/logind.conf.d/testbed.conf"
# The kernel's messages are the machine's, not the node's.
printf '[Journal]\nReadKMsg=no\n' >"$root/usr/lib/systemd/journald.conf.d/testbed.conf"
rm -f "$root/etc/machine-id" "$root/var/lib/dbus/machine-id" "$root/etc/hostname" "$root/etc/resolv.conf"
: >"$root/etc/machine-id"
rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/usr/share/doc/* "$root"/usr/share/man/*
