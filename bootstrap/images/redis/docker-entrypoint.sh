#!/bin/sh
# Starts Redis as its own user; options and configuration files may stand in for the command.
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
    # Outside this container only the stack's own network reaches the port. What the caller says wins.
    set -- redis-server ${config:+"$config"} --protected-mode no --bind '* -::*' "$@"
    if [ "$(id -u)" = 0 ]; then
        find . \! -user redis -exec chown redis:redis '{}' +
        set -- setpriv --reuid=redis --regid=redis --init-groups "$@"
    fi
fi

exec "$@"
