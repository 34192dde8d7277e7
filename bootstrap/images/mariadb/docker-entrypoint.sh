#!/usr/bin/env bash
# Starts MariaDB as the user mysql, after creating the database if there is none.
set -euo pipefail

case ${1:-} in
    -*) set -- mariadbd "$@" ;;
esac

case ${1:-} in
    mariadbd | mysqld)
        if [ "$(id -u)" = 0 ]; then
            find /var/lib/mysql /run/mysqld \! -user mysql -exec chown mysql:mysql '{}' +
            exec setpriv --reuid=mysql --regid=mysql --init-groups "$0" "$@"
        fi
        init-database.sh "$@"
        # The server does not need them; `docker exec` still has them from the container's settings.
        unset MARIADB_ROOT_PASSWORD MARIADB_PASSWORD
        ;;
esac

exec "$@"
