#!/usr/bin/env bash
# Usage: healthcheck.sh [--connect] [--innodb_initialized]
# Exits with 0 if all checks pass. It connects over TCP, which is closed while the database is set up.
set -euo pipefail

ask() {
    mariadb --defaults-extra-file=/var/lib/mysql/.my-healthcheck.cnf \
        --protocol=tcp --host=127.0.0.1 --connect-timeout=5 --skip-column-names --batch --execute "$1"
}

innodb_initialized() {
    ask "SHOW ENGINES" | grep -qE '^InnoDB\s+(YES|DEFAULT)\b'
}

[ $# -gt 0 ] || { echo 'healthcheck.sh: name at least one check' >&2; exit 1; }
for check in "$@"; do
    case $check in
        --connect) ask 'SELECT 1' >/dev/null ;;
        --innodb_initialized) innodb_initialized ;;
        *) echo "healthcheck.sh: unknown check $check" >&2; exit 1 ;;
    esac
done
