#!/usr/bin/env bash
# Usage: apt-install.sh [PACKAGE…]
# Installs packages of the distribution, with fresh package lists; without a package it only sees to
# the lists. One clear line where it cannot.
set -euo pipefail

task=update
[ $# -eq 0 ] || task="install $*"

if ! command -v apt-get >/dev/null; then
    echo "apt: this is neither Debian nor Ubuntu: get ${*:-packages} by your own means, then run this again" >&2
    exit 2
fi
if [ "$(id -u)" != 0 ]; then
    echo "apt: not root: run \`apt-get $task\` as root, then run this again" >&2
    exit 2
fi

export DEBIAN_FRONTEND=noninteractive
# Another apt may be at work, on a machine that has just booted for instance.
options=(-qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120)

# Old lists name packages that the mirror has replaced. Only `partial` tells when they were fetched:
# the lists themselves carry the mirror's dates.
lists=/var/lib/apt/lists
if ! compgen -G "$lists/*_Packages*" >/dev/null ||
    [ -z "$(find "$lists/partial" -maxdepth 0 -mmin -60)" ]; then
    echo 'apt: updating the package lists' >&2
    apt-get "${options[@]}" update >&2
fi
[ $# -gt 0 ] || exit 0

echo "apt: installing $*" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! apt-get "${options[@]}" --no-install-recommends --yes install "$@" </dev/null >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "apt: $* cannot be installed: the lines above say why" >&2
    exit 1
fi
