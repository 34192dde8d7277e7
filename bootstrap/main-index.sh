# shellcheck shell=bash
# Source this file, then call: use_main_index PYTHON
# Makes pip use only the main index, through this machine's mirror if it has one. Wheels from local
# folders or extra indexes have hashes that no other machine can match.

use_main_index() {
    [ -z "${PIP_NO_INDEX:-}" ] || return 0 # this variable allows only local folders
    local index cert
    index=$("$1" -m pip config get global.index-url 2>/dev/null || true)
    cert=$("$1" -m pip config get global.cert 2>/dev/null || true)
    unset PIP_FIND_LINKS PIP_EXTRA_INDEX_URL
    export PIP_CONFIG_FILE=/dev/null PIP_DISABLE_PIP_VERSION_CHECK=1
    [ -z "$index" ] || export PIP_INDEX_URL="${PIP_INDEX_URL:-$index}"
    [ -z "$cert" ] || export PIP_CERT="${PIP_CERT:-$cert}"
}
