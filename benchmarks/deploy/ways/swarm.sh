#!/usr/bin/env bash
# The steps of the guide, with Docker Swarm's rolling update to replace the replicas.
# DOCKER_HOST is the engine, STACK the stack's name; `console` stands for `php artisan`.
set -euo pipefail
. ./.env

task() { docker ps -q -f "label=com.docker.swarm.service.name=${STACK}_$1" -f health=healthy | head -n 1; }
in_app() { docker exec "$(task app)" console "$@"; }

# The update exits with 0 even if it was rolled back; only the state of the service shows that.
replace() {
    docker service update --quiet --detach=false --no-resolve-image --image "$image" "${STACK}_$1"
    state=$(docker service inspect -f '{{.UpdateStatus.State}}' "${STACK}_$1")
    [ "$state" = completed ] || { echo "swarm: the update of $1 is $state" >&2; exit 1; }
}

image=cosmic-app:$APP_VERSION

docker exec "$(task platform-db)" mysqldump -u root -p"${DB_ROOT_PASSWORD}" platform \
    >./data-kiosk/backups/pre-migration-"$(date +%Y%m%d_%H%M%S)".sql
docker build --quiet --cache-from "$FIRST_IMAGE" --build-arg "PYTHON_IMAGE=$PYTHON_IMAGE" \
    --build-arg "APP_VERSION=$APP_VERSION" --tag "$image" ./cosmic-media-streaming-dpr
in_app migrate --force
in_app migrate:status
in_app cache:clear
in_app config:clear
in_app route:clear
replace app
replace scheduler
in_app list | grep devices:monitor
in_app schedule:list
in_app devices:monitor-status --dry-run --verbose
