#!/usr/bin/env bash
# Usage: root.sh SUITE SOURCES APT_CONF OUT.tar [KEYRING]
# Packs a minimal root file system of a distribution release.
# SOURCES and APT_CONF are apt's sources and settings; they become part of the root file system. If SOURCES
# is empty, the release's own mirror is used. KEYRING is a file with the keys of another distribution.
set -euo pipefail

suite=$1 sources=$2 apt_conf=$3 out=$4 keyring=${5:-}
host_ca=/etc/ssl/certs/ca-certificates.crt

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
    # Builds must also trust a mirror or index with a certificate of a company's own authority.
    options+=(--customize-hook="upload $host_ca $host_ca")
fi
[ -z "$keyring" ] || options+=(--keyring="$keyring")
mirror=()
[ ! -s "$sources" ] || mirror=("$sources")

mmdebstrap "${options[@]}" "$suite" "$out" "${mirror[@]}"
