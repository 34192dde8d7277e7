#!/usr/bin/env bash
# Usage: unpack-package.sh SUITE PACKAGE FOLDER
# Downloads a package of a Debian release from this machine's mirror, and unpacks it into FOLDER, an
# absolute path. Nothing is installed on the system.
set -euo pipefail
cd "$(dirname "$0")/.."

suite=$1 package=$2 folder=$3

# Runs an apt program with separate lists, cache and sources, but with this machine's keys and settings.
isolated_apt() {
    "$1" -qq -o Dir::State="$state/state" -o Dir::State::status="$state/status" \
        -o Dir::Cache="$state/cache" -o Dir::Etc::sourcelist="$state/sources.list" \
        -o Dir::Etc::sourceparts="$state/none" -o Dir::Etc::preferencesparts="$state/none" \
        -o APT::Sandbox::User=root -o Acquire::Languages=none "${@:2}"
}

debian_mirror() {
    # shellcheck source=/dev/null
    . /etc/os-release
    # shellcheck disable=SC2016  # these are apt's variables
    apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
        awk -v release="$VERSION_CODENAME" '$2 == release { print $1; exit }'
}

bootstrap/apt-install.sh # updates the lists, from which the mirror is read
mirror=$(debian_mirror)
[ -n "$mirror" ] || { echo "$package: apt knows no package source: run apt-get update" >&2; exit 2; }
mkdir -p .cache
state=$PWD/.cache/apt-$suite-$package
mkdir -p "$state"/{none,state/lists/partial,cache/archives/partial}
: >"$state/status"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$state/sources.list"
echo "downloading $package of $suite" >&2
isolated_apt apt-get update >&2
(cd "$state" && isolated_apt apt-get download "$package" >&2)
rm -rf "$folder.partial"
dpkg-deb -x "$state/$package"_*.deb "$folder.partial"
rm -rf "$folder" "$state"
mv "$folder.partial" "$folder"
