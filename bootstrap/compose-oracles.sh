#!/usr/bin/env bash
# Usage: compose-oracles.sh [--newest]
# Gets the programs whose results the tests compare with cosmicdeploy's results, and prints their paths.
# Docker Compose 1.29.2 (the docker-compose of Debian 12) is installed on the system. Compose v2 and
# buildx are unpacked from Debian 13's packages into .cache, so that the system's programs do not change.
# With --newest, the script also gets Debian's newest Compose v2 and the buildx that it needs, from sid.
set -euo pipefail
cd "$(dirname "$0")/.."

plugins=usr/libexec/docker/cli-plugins
compose=$PWD/.cache/compose-v2/$plugins/docker-compose
newest=$PWD/.cache/compose-newest/$plugins/docker-compose
newest_buildx=$PWD/.cache/buildx-newest/$plugins/docker-buildx
buildx=$PWD/.cache/buildx/$plugins/docker-buildx
# With DOCKER_CONFIG=.cache/docker-config, `docker compose` finds Compose; with .cache/buildx-config,
# docker finds buildx. The folders are separate, since Compose builds differently if it finds buildx.
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
