#!/usr/bin/env bash
# Ensures that a Docker Engine answers: changes nothing if one does, otherwise installs and starts the
# distribution's engine (on Debian and Ubuntu, as root).
set -euo pipefail
cd "$(dirname "$0")/.."

log=${ENGINE_LOG:-/var/log/cosmicdeploy-dockerd.log}
patience_seconds=60
dockerd=

say() { echo "engine: $*" >&2; }
die() { say "$*"; exit 2; }

engine_answers() { .venv/bin/python -m cosmicdeploy.engine 2>/dev/null; }

require_permission_to_install() {
    if [ -n "${DOCKER_HOST:-}" ]; then
        die "DOCKER_HOST=$DOCKER_HOST does not answer: start that engine, or unset DOCKER_HOST"
    elif [ -n "${DOCKER_CONTEXT:-}" ]; then
        die "the engine of DOCKER_CONTEXT=$DOCKER_CONTEXT does not answer: start it, or unset DOCKER_CONTEXT"
    elif [ ! -e /etc/debian_version ]; then
        die 'no Docker Engine answers: install one (docs.docker.com/engine/install), start it, and run this again'
    elif [ "$(id -u)" != 0 ]; then
        die 'no Docker Engine answers, and only root can install one: run this as root, or ask for docker.io and for membership of the docker group'
    fi
}

start_engine() {
    if [ -d /run/systemd/system ]; then
        say 'starting docker.service'
        systemctl start docker.service
        return
    fi
    say "starting dockerd, with its log in $log"
    (put_containers_first) 2>/dev/null || say 'cannot give containers a larger share of the CPU'
    # In a new session and without inherited files, so that dockerd outlives this shell and holds none of
    # its locks.
    (
        cd /
        for descriptor in /proc/self/fd/*; do
            descriptor=${descriptor##*/}
            [ "$descriptor" -le 2 ] || eval "exec $descriptor>&-"
        done
        exec setsid nohup dockerd </dev/null >>"$log" 2>&1
    ) &
    dockerd=$!
}

# With systemd, each container has the same share of the CPU as the whole engine. Without systemd, all
# containers together would have the share of one engine process, and stall while a container starts.
put_containers_first() {
    if [ -d /sys/fs/cgroup/cpu ]; then
        mkdir -p /sys/fs/cgroup/cpu/docker
        echo 8192 >/sys/fs/cgroup/cpu/docker/cpu.shares
    else
        mkdir -p /sys/fs/cgroup/docker
        echo 800 >/sys/fs/cgroup/docker/cpu.weight
    fi
}

last_log_lines() {
    if [ -d /run/systemd/system ]; then
        journalctl --no-pager --unit docker.service --lines 15
    else
        tail -n 15 "$log"
    fi
}

give_up() {
    last_log_lines >&2 || true
    die "$1: see the end of its log above"
}

wait_for_engine() {
    local deadline=$((SECONDS + patience_seconds))
    until engine_answers; do
        if [ -n "$dockerd" ] && ! kill -0 "$dockerd" 2>/dev/null; then
            give_up 'dockerd ended'
        elif [ "$SECONDS" -ge "$deadline" ]; then
            give_up "dockerd does not answer after $patience_seconds s"
        fi
        sleep 0.5
    done
}

if engine_answers; then
    exit 0
fi
require_permission_to_install
mkdir -p .cache
exec {lock}>.cache/engine.lock
flock "$lock"
if ! command -v dockerd >/dev/null; then
    bootstrap/apt-install.sh
    packages=(docker.io iptables ca-certificates)
    # Since Debian 13 the docker command is a package of its own.
    ! apt-cache show docker-cli >/dev/null 2>&1 || packages+=(docker-cli)
    bootstrap/apt-install.sh "${packages[@]}"
fi
# The installation of the package may have started the engine.
if ! engine_answers; then
    start_engine
    wait_for_engine
fi
