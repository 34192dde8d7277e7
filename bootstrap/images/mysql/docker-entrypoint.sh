#!/usr/bin/env bash
# Starts MySQL as the user mysql, after creating the system tables if there are none. Creates the accounts
# and the database that the MYSQL_* variables name, as the official image does. Only tests use this image.
set -euo pipefail

data=/var/lib/mysql
# This file exists while the system tables are created: an interrupted creation begins again.
unfinished=$data/.init-unfinished

sql_string() {
    local text=${1//\\/\\\\}
    printf "'%s'" "${text//\'/\'\'}"
}

# shellcheck disable=SC2016  # the backticks are SQL's
sql_identifier() { printf '`%s`' "${1//\`/\`\`}"; }

# Statements that the server runs at each start, before it accepts connections; each on one line.
start_sql() {
    local root
    root=$(sql_string "$MYSQL_ROOT_PASSWORD")
    echo "CREATE USER IF NOT EXISTS 'root'@'%' IDENTIFIED BY $root;"
    echo "GRANT ALL ON *.* TO 'root'@'%' WITH GRANT OPTION;"
    echo "ALTER USER 'root'@'localhost' IDENTIFIED BY $root;"
    [ -z "${MYSQL_DATABASE:-}" ] || echo "CREATE DATABASE IF NOT EXISTS $(sql_identifier "$MYSQL_DATABASE");"
}

create_system_tables() {
    [ ! -e "$unfinished" ] || find "$data" -mindepth 1 \! -path "$unfinished" -delete
    touch "$unfinished"
    # The server refuses a data directory with files, other than those that begin with a dot.
    "$@" --initialize-insecure
    rm "$unfinished"
}

case ${1:-} in
    -*) set -- mysqld "$@" ;;
esac
[ "${1:-}" = mysqld ] || exec "$@"

if [ "$(id -u)" = 0 ]; then
    find "$data" /run/mysqld \! -user mysql -exec chown mysql:mysql '{}' +
    exec setpriv --reuid=mysql --regid=mysql --init-groups "$0" "$@"
fi
[ -n "${MYSQL_ROOT_PASSWORD:-}" ] || { echo 'MYSQL_ROOT_PASSWORD is not set' >&2; exit 1; }
if [ -e "$unfinished" ] || [ ! -d "$data/mysql" ]; then
    create_system_tables "$@"
fi
# From a descriptor, so that the password is neither in a file nor in the command line.
exec {statements}< <(start_sql)
unset MYSQL_ROOT_PASSWORD
exec "$@" --init-file="/dev/fd/$statements"
