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

# Links the real file: .cache may itself be a link, in a folder that is removed later.
link_plugin() {
    mkdir -p "$2/cli-plugins"
    ln -sfn "$(realpath "$1")" "$2/cli-plugins/$(basename "$1")"
}

mkdir -p .cache
exec {lock}>.cache/compose-oracles.lock
flock "$lock"

command -v docker-compose >/dev/null || bootstrap/apt-install.sh docker-compose
[ -x "$compose" ] || bootstrap/unpack-package.sh trixie docker-compose "$PWD/.cache/compose-v2"
[ -x "$buildx" ] || bootstrap/unpack-package.sh trixie docker-buildx "$PWD/.cache/buildx"
link_plugin "$compose" "$compose_config"
link_plugin "$buildx" "$buildx_config"

echo "COMPOSE_V1=$(command -v docker-compose)"
echo "COMPOSE_V2=$compose"
echo "BUILDX=$buildx"
if [ "${1:-}" = --newest ]; then
    [ -x "$newest" ] || bootstrap/unpack-package.sh sid docker-compose "$PWD/.cache/compose-newest"
    [ -x "$newest_buildx" ] || bootstrap/unpack-package.sh sid docker-buildx "$PWD/.cache/buildx-newest"
    link_plugin "$newest" "$newest_config"
    link_plugin "$newest_buildx" "$newest_config"
    echo "COMPOSE_NEWEST=$newest"
fi
