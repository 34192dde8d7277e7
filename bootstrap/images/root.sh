#!/usr/bin/env bash
# Usage: root.sh SUITE SOURCES APT_CONF OUT.tar
# Packs a minimal root file system of a release of this machine's distribution.
# SOURCES and APT_CONF are apt's sources and settings; they become part of the root file system.
set -euo pipefail

suite=$1 sources=$2 apt_conf=$3 out=$4
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

mmdebstrap "${options[@]}" "$suite" "$out" "$sources"
