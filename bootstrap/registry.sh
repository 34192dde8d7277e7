#!/usr/bin/env bash
# Gets Debian's docker-registry, which the tests pull images from, and prints its path. It is unpacked
# into .cache, not installed: the package would start a service.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$PWD/.cache/docker-registry
program=$folder/usr/bin/docker-registry

mkdir -p .cache
exec {lock}>.cache/docker-registry.lock
flock "$lock"

if [ ! -x "$program" ]; then
    bootstrap/apt-install.sh # updates old lists
    download=$(mktemp -d)
    trap 'rm -rf "$download"' EXIT
    echo 'registry: downloading docker-registry' >&2
    (cd "$download" && apt-get -qq -o APT::Sandbox::User=root download docker-registry)
    rm -rf "$folder.partial" "$folder"
    dpkg-deb -x "$download"/docker-registry_*.deb "$folder.partial"
    mv "$folder.partial" "$folder"
fi
echo "$program"
