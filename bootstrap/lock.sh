#!/usr/bin/env bash
# Rewrites requirements.lock: runtime and development dependencies, with the hashes of the files on
# the main index for all platforms.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=bootstrap/main-index.sh
. bootstrap/main-index.sh

use_main_index .venv/bin/python
CUSTOM_COMPILE_COMMAND='make lock' .venv/bin/pip-compile \
    --quiet --generate-hashes --allow-unsafe --extra dev --strip-extras --rebuild \
    --no-emit-index-url --no-emit-trusted-host --no-emit-find-links \
    --output-file requirements.lock "$@" pyproject.toml bootstrap/lock.in
echo "lock: requirements.lock pins $(grep -c '^[^ #].*==' requirements.lock) packages"
