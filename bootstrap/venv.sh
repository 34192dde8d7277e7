#!/usr/bin/env bash
# Creates .venv from requirements.lock and installs the project in it, unless this is done already.
# A stamp is written after each of the two parts, so that the next run completes an interrupted one.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=bootstrap/main-index.sh
. bootstrap/main-index.sh

python=${PYTHON:-python3}

say() { echo "venv: $*" >&2; }
digest() { sha256sum | cut -d ' ' -f 1; }
is_stamped() { [ "$(cat ".venv/.$1" 2>/dev/null)" = "$2" ]; }

require_python() {
    if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        say "$python is missing or older than 3.11: install Python 3.11 or newer, or set PYTHON=/path/to/python3"
        exit 2
    fi
    # On Debian, `venv` needs a separate package.
    "$python" -c 'import ensurepip, venv' 2>/dev/null || bootstrap/apt-install.sh python3-venv
}

show_progress() {
    local line count=0 all
    all=$(grep -c '^[^ #].*==' requirements.lock)
    while IFS= read -r line; do
        case $line in
            Collecting* | Processing*) count=$((count + 1)) ;;
            'Installing collected'*) say "  unpacking $count packages" && continue ;;
            *) continue ;;
        esac
        [ $((count % 15)) -gt 0 ] || say "  $count of $all packages fetched"
    done
}

install_packages() {
    require_python
    say "creating .venv with $("$python" --version), from requirements.lock"
    # From scratch, since an interrupted pip leaves packages that only look installed.
    rm -rf .venv
    "$python" -m venv .venv
    use_main_index .venv/bin/python
    .venv/bin/python -m pip install --no-input --progress-bar off \
        --require-hashes --requirement requirements.lock | show_progress
}

install_project() {
    say 'installing the project'
    .venv/bin/python -m pip install --quiet --no-input --no-index \
        --no-deps --no-build-isolation --editable .
}

mkdir -p .cache
exec {lock}>.cache/venv.lock
flock "$lock"

# A venv contains its own path, so it must also be created again after a move.
packages=$({ cat requirements.lock; pwd; } | digest)
project=$(digest <pyproject.toml)

if [ ! -x .venv/bin/python ] || ! is_stamped packages "$packages"; then
    install_packages
    echo "$packages" >.venv/.packages
fi
if ! is_stamped project "$project"; then
    install_project
    echo "$project" >.venv/.project
    say 'ready'
fi
# Compiled here since with PYTHONDONTWRITEBYTECODE every start of cosmicdeploy would compile it again.
.venv/bin/python -m compileall -q -x payload cosmicdeploy
