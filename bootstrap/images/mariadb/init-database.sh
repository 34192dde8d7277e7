#!/usr/bin/env bash
# Usage: init-database.sh mariadbd [OPTIONS…]
# Sets up an empty data directory from the MARIADB_* variables. Passwords go only through pipes.
set -euo pipefail

data=/var/lib/mysql
socket=/run/mysqld/init.sock
# This file exists during the set-up. If it exists at the start, the last set-up was interrupted and
# begins again. Without the file nothing is deleted, so a data directory from elsewhere is safe.
unfinished=$data/.init-unfinished
# The same name as in the official image, so that both images can use the same volume.
login=$data/.my-healthcheck.cnf

say() { echo "[init] $*" >&2; }
die() { say "$*"; exit 1; }

# Sets VAR to the content of the file that VAR_FILE names.
read_file_variable() {
    local name=$1 file_name=$1_FILE
    [ -n "${!file_name:-}" ] || return 0
    [ -z "${!name:-}" ] || die "both $name and $file_name are set: set one of them"
    printf -v "$name" '%s' "$(<"${!file_name}")"
}

sql_string() {
    local text=${1//\\/\\\\}
    printf "'%s'" "${text//\'/\'\'}"
}

# shellcheck disable=SC2016  # the backticks are SQL's
sql_identifier() { printf '`%s`' "${1//\`/\`\`}"; }

account_sql() {
    local host root user
    root=$(sql_string "$MARIADB_ROOT_PASSWORD")
    host=$(sql_string "$MARIADB_ROOT_HOST")
    echo "SET sql_mode = '';" # so that backslashes in passwords are escapes, as sql_string assumes
    # mariadb-install-db creates a root without a password for each name of the machine.
    echo "DELETE FROM mysql.global_priv WHERE User = '' OR (User = 'root' AND Host <> 'localhost');"
    echo "DELETE FROM mysql.proxies_priv WHERE Host <> 'localhost';"
    echo 'FLUSH PRIVILEGES;'
    echo "ALTER USER 'root'@'localhost' IDENTIFIED BY $root;"
    if [ "$MARIADB_ROOT_HOST" != localhost ]; then
        echo "CREATE USER 'root'@$host IDENTIFIED BY $root;"
        echo "GRANT ALL ON *.* TO 'root'@$host WITH GRANT OPTION;"
    fi
    if [ -n "${MARIADB_DATABASE:-}" ]; then
        echo "CREATE DATABASE IF NOT EXISTS $(sql_identifier "$MARIADB_DATABASE");"
    fi
    if [ -n "${MARIADB_USER:-}" ]; then
        user="$(sql_string "$MARIADB_USER")@'%'"
        echo "CREATE USER $user IDENTIFIED BY $(sql_string "$MARIADB_PASSWORD");"
        if [ -n "${MARIADB_DATABASE:-}" ]; then
            # Only in GRANT, _ and % in the name of a database are wildcards.
            echo "GRANT ALL ON $(sql_identifier "${MARIADB_DATABASE//_/\\_}").* TO $user;"
        fi
    fi
}

# healthcheck.sh logs in as a separate user that may only connect.
healthcheck_sql() {
    local host password
    password=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
    (umask 077 && printf '[mariadb-client]\nuser=healthcheck\npassword=%s\n' "$password" >"$login")
    for host in 127.0.0.1 ::1 localhost; do
        echo "CREATE USER 'healthcheck'@'$host' IDENTIFIED BY '$password';"
    done
}

run_init_scripts() {
    local server script
    compgen -G '/docker-entrypoint-initdb.d/*.sql' >/dev/null || return 0
    # Without network, so that no client takes this server for the final one.
    "$@" --skip-networking --socket="$socket" &
    server=$!
    until mariadb --defaults-extra-file="$login" -S "$socket" -e 'SELECT 1' &>/dev/null; do
        kill -0 "$server" 2>/dev/null || die 'the server ended before the scripts could run'
        sleep 0.1
    done
    for script in /docker-entrypoint-initdb.d/*.sql; do
        say "running $script"
        MYSQL_PWD=$MARIADB_ROOT_PASSWORD mariadb -S "$socket" -uroot --database="${MARIADB_DATABASE:-}" <"$script"
    done
    kill "$server"
    wait "$server"
}

initialise() {
    touch "$unfinished"
    say 'creating the system tables'
    mariadb-install-db --datadir="$data" --auth-root-authentication-method=normal \
        --skip-test-db --skip-name-resolve >/dev/null
    say 'creating the accounts'
    { account_sql; healthcheck_sql; } | "$@" --bootstrap --skip-networking
    run_init_scripts "$@"
    sync
    rm "$unfinished"
    say 'done'
}

if [ -e "$unfinished" ]; then
    say 'the last set-up was interrupted: starting again'
    find "$data" -mindepth 1 \! -path "$unfinished" -delete
elif [ -d "$data/mysql" ]; then
    exit 0
fi

read_file_variable MARIADB_ROOT_PASSWORD
read_file_variable MARIADB_PASSWORD
read_file_variable MARIADB_USER
read_file_variable MARIADB_DATABASE
MARIADB_ROOT_HOST=${MARIADB_ROOT_HOST:-%}
[ -n "${MARIADB_ROOT_PASSWORD:-}" ] || die 'MARIADB_ROOT_PASSWORD is not set: set it to create the database'
[ -z "${MARIADB_USER:-}" ] || [ -n "${MARIADB_PASSWORD:-}" ] || die 'MARIADB_USER is set without MARIADB_PASSWORD: set both'
initialise "$@"
