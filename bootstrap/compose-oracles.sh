#!/usr/bin/env bash
# Usage: compose-oracles.sh [--newest]
# Gets the two Docker Compose programs whose results the tests compare with those of cosmicdeploy, and
# prints their paths: 1.29.2 (the docker-compose of Debian 12), installed on the system, and v2, unpacked
# from Debian 13's package into .cache so that it does not affect the system's Compose. With --newest, it
# gets the newest v2 of Debian as well, from sid.
set -euo pipefail
cd "$(dirname "$0")/.."

plugin=usr/libexec/docker/cli-plugins/docker-compose

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

# Usage: get_compose_v2 SUITE FOLDER
get_compose_v2() {
    local suite=$1 folder=$2 state=$PWD/.cache/apt-$1 mirror
    bootstrap/apt-install.sh # updates the lists, from which the mirror is read
    mirror=$(debian_mirror)
    [ -n "$mirror" ] || { say 'apt knows no package source: run apt-get update'; exit 2; }
    mkdir -p "$state"/{none,state/lists/partial,cache/archives/partial}
    : >"$state/status"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$state/sources.list"
    say "downloading docker-compose of $suite"
    isolated_apt apt-get update
    (cd "$state" && isolated_apt apt-get download docker-compose)
    rm -rf "$folder.partial"
    dpkg-deb -x "$state"/docker-compose_*.deb "$folder.partial"
    rm -rf "$folder" "$state"
    mv "$folder.partial" "$folder"
}

# Usage: ensure_compose_v2 SUITE FOLDER DOCKER_CONFIG; `DOCKER_CONFIG=… docker compose` then finds it.
ensure_compose_v2() {
    [ -x "$2/$plugin" ] || get_compose_v2 "$1" "$2" >&2
    mkdir -p "$3/cli-plugins"
    ln -sfn "$2/$plugin" "$3/cli-plugins/docker-compose"
}

cache=$PWD/.cache
mkdir -p "$cache"
exec {lock}>"$cache/compose-oracles.lock"
flock "$lock"

command -v docker-compose >/dev/null || bootstrap/apt-install.sh docker-compose
ensure_compose_v2 trixie "$cache/compose-v2" "$cache/docker-config"
echo "COMPOSE_V1=$(command -v docker-compose)"
echo "COMPOSE_V2=$cache/compose-v2/$plugin"
if [ "${1:-}" = --newest ]; then
    ensure_compose_v2 sid "$cache/compose-newest" "$cache/docker-config-newest"
    echo "COMPOSE_NEWEST=$cache/compose-newest/$plugin"
fi
