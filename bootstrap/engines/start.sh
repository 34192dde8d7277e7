#!/bin/sh
# Usage: start.sh ROOT STATE DATA FOLDER… -- DOCKERD_OPTION…
# Runs dockerd with ROOT as its root file system, in the namespaces of `unshare --net --mount`. The
# engine sees STATE, DATA and each FOLDER at the paths that they have outside, since a stack's bind
# mounts name paths outside.
set -eu

root=$1 state=$2 data=$3
shift 3

# pivot_root needs a mount point, here and in each container.
mount --bind "$root" "$root"
cd "$root"
mount -t proc proc proc
mount --rbind /sys sys
mount --rbind /dev dev
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp

show() {
    mkdir -p "$root$1"
    mount --bind "$1" "$root$1"
}
while [ "$1" != -- ]; do
    show "$1"
    shift
done
shift
# After the folders, which may contain them.
show "$state"
show "$data"

# Not chroot: an exec enters a container by the root of its mount namespace, which would be this
# machine's.
pivot_root . .
umount -l .
cd /
ip link set lo up
exec dockerd "$@"
