#!/bin/sh
# Starts Redis as the user redis; the command may also be options or a configuration file.
set -eu

case ${1:-} in
    -* | *.conf) set -- redis-server "$@" ;;
esac

if [ "${1:-}" = redis-server ]; then
    shift
    if [ -f "${1:-}" ]; then
        config=$1
        shift
    else
        config=
    fi
    # Only the stack's network reaches the port. Options of the caller come last, so they win.
    set -- redis-server ${config:+"$config"} --protected-mode no --bind '* -::*' "$@"
    if [ "$(id -u)" = 0 ]; then
        find . \! -user redis -exec chown redis:redis '{}' +
        set -- setpriv --reuid=redis --regid=redis --init-groups "$@"
    fi
fi

exec "$@"
