#!/bin/sh
# A node's own view of this machine, run as the first process in its mount and network namespaces.
# $1: the folder that stands for the node's disk. All mounts made here and later vanish with the last process inside.
set -eu
disk=$1
mount --make-rshared /
mount --bind "$disk/var-lib" /var/lib
mount --bind "$disk/var-log" /var/log
mount -t tmpfs -o mode=0755 tmpfs /run
mkdir -p /run/netns /run/lock
for setting in $(cd "$disk/kernel" && find . -type f); do
    if [ -e "/proc/sys/$setting" ]; then mount --bind "$disk/kernel/$setting" "/proc/sys/$setting"; fi
done
if [ -e /etc/resolv.conf ]; then mount --bind "$disk/resolv.conf" /etc/resolv.conf; fi
touch "$disk/ready"
exec sleep infinity
