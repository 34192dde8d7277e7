#!/usr/bin/env bash
# Usage: apt-install.sh [PACKAGE…]
# Installs packages of the distribution, after updating old package lists; without a package it only
# updates the lists. Fails with a one-line reason.
set -euo pipefail

task=update
[ $# -eq 0 ] || task="install $*"

if ! command -v apt-get >/dev/null; then
    echo "apt: this is neither Debian nor Ubuntu: install ${*:-packages} yourself, then run this again" >&2
    exit 2
fi
if [ "$(id -u)" != 0 ]; then
    echo "apt: not root: run \`apt-get $task\` as root, then run this again" >&2
    exit 2
fi

export DEBIAN_FRONTEND=noninteractive
# Another apt may be running, for example on a machine that has just booted.
options=(-qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120)

# Old lists name packages that the mirror has replaced. Only the time of `partial` shows when they
# were fetched: the lists themselves have the dates of the mirror.
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
    echo "apt: $* cannot be installed: see the lines above" >&2
    exit 1
fi
