#!/usr/bin/env bash
# Usage: compose-oracles.sh [--newest]
# Gets the programs whose results the tests compare with those of cosmicdeploy, and prints their paths:
# Docker Compose 1.29.2 (the docker-compose of Debian 12), installed on the system; Compose v2 and buildx,
# unpacked from Debian 13's packages into .cache so that they do not affect the system's. With --newest, it
# gets the newest Compose v2 of Debian as well, with the buildx that it builds with, from sid.
set -euo pipefail
cd "$(dirname "$0")/.."

plugins=usr/libexec/docker/cli-plugins
compose=$PWD/.cache/compose-v2/$plugins/docker-compose
newest=$PWD/.cache/compose-newest/$plugins/docker-compose
newest_buildx=$PWD/.cache/buildx-newest/$plugins/docker-buildx
buildx=$PWD/.cache/buildx/$plugins/docker-buildx
# `DOCKER_CONFIG=.cache/docker-config docker compose` finds Compose, and with .cache/buildx-config docker
# finds buildx: apart from each other, since Compose builds in another way if there is a buildx.
compose_config=$PWD/.cache/docker-config
newest_config=$PWD/.cache/docker-config-newest
buildx_config=$PWD/.cache/buildx-config

say() { echo "compose-oracles: $*" >&2; }

# Runs an apt program with separate lists, cache and sources, but the keys and settings of this machine.
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

# Unpacks a package of a Debian release into a folder.
get_package() {
    local suite=$1 package=$2 folder=$3 state=$PWD/.cache/apt-$1 mirror
    bootstrap/apt-install.sh # updates the lists, from which the mirror is read
    mirror=$(debian_mirror)
    [ -n "$mirror" ] || { say 'apt knows no package source: run apt-get update'; exit 2; }
    mkdir -p "$state"/{none,state/lists/partial,cache/archives/partial}
    : >"$state/status"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$state/sources.list"
    say "downloading $package of $suite"
    isolated_apt apt-get update
    (cd "$state" && isolated_apt apt-get download "$package")
    rm -rf "$folder.partial"
    dpkg-deb -x "$state/$package"_*.deb "$folder.partial"
    rm -rf "$folder" "$state"
    mv "$folder.partial" "$folder"
}

# Links the real file: .cache may itself be a link, in a folder that is removed later.
link_plugin() {
    mkdir -p "$2/cli-plugins"
    ln -sfn "$(realpath "$1")" "$2/cli-plugins/$(basename "$1")"
}

mkdir -p .cache
exec {lock}>.cache/compose-oracles.lock
flock "$lock"

command -v docker-compose >/dev/null || bootstrap/apt-install.sh docker-compose
[ -x "$compose" ] || get_package trixie docker-compose "$PWD/.cache/compose-v2"
[ -x "$buildx" ] || get_package trixie docker-buildx "$PWD/.cache/buildx"
link_plugin "$compose" "$compose_config"
link_plugin "$buildx" "$buildx_config"

echo "COMPOSE_V1=$(command -v docker-compose)"
echo "COMPOSE_V2=$compose"
echo "BUILDX=$buildx"
if [ "${1:-}" = --newest ]; then
    [ -x "$newest" ] || get_package sid docker-compose "$PWD/.cache/compose-newest"
    [ -x "$newest_buildx" ] || get_package sid docker-buildx "$PWD/.cache/buildx-newest"
    link_plugin "$newest" "$newest_config"
    link_plugin "$newest_buildx" "$newest_config"
    echo "COMPOSE_NEWEST=$newest"
fi
