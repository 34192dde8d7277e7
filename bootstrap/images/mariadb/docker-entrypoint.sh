#!/usr/bin/env bash
# Starts MariaDB as its own user, after setting up the database where there is none yet.
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
        # The server has no use for them, and `docker exec` users see them in the container anyway.
        unset MARIADB_ROOT_PASSWORD MARIADB_PASSWORD
        ;;
esac

exec "$@"
