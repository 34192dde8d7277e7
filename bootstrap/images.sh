#!/usr/bin/env bash
# Usage: images.sh [--next | --laravel | --mysql | --mysql-newest | --proxies] [OUT_ENV_FILE]
# Gets the base images of the stack, and writes their names as lines such as PYTHON_IMAGE=….
# With an option, the script gets images that only tests need: newer versions, Laravel, MySQL, or
# other load balancers than nginx.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
python=$root/.venv/bin/python

if [ ! -x "$python" ]; then
    echo 'images: .venv does not exist: run bootstrap/venv.sh first' >&2
    exit 2
fi

mkdir -p "$root/.cache"
exec {lock}>"$root/.cache/images.lock"
flock "$lock" # two runs at the same time would build everything twice

"$python" "$root/bootstrap/base_images.py" "$@"
