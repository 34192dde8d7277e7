#!/usr/bin/env bash
# Usage: root.sh SOURCES APT_CONF OUT.tar
# Packs a minimal root file system of this machine's own distribution release.
# SOURCES and APT_CONF say which mirror is used and how; they end up in the root file system too.
set -euo pipefail

sources=$1 apt_conf=$2 out=$3
host_ca=/etc/ssl/certs/ca-certificates.crt

# shellcheck source=/dev/null
codename=$(. /etc/os-release && echo "$VERSION_CODENAME")

options=(
    --variant=apt
    --include=ca-certificates
    --aptopt="$apt_conf"
    --aptopt='APT::Install-Recommends "false"'
    --aptopt='Acquire::Languages "none"'
    --dpkgopt=force-unsafe-io
    --dpkgopt='path-exclude=/usr/share/doc/*'
    --dpkgopt='path-exclude=/usr/share/man/*'
    --dpkgopt='path-exclude=/usr/share/locale/*'
)
if [ -s "$host_ca" ]; then
    # A mirror or an index behind a company's own authority has to be trusted inside builds as well.
    options+=(--customize-hook="upload $host_ca $host_ca")
fi

mmdebstrap "${options[@]}" "$codename" "$out" "$sources"
