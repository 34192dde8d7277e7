#!/usr/bin/env bash
# Steps 1 to 6 of the guide, with two changes: `docker exec` runs without -it since there is no terminal,
# and `console` stands for `php artisan`. REPLACE is the Compose command that replaces a service:
# `restart`, as in the guide, or `up -d --no-deps`.
set -euo pipefail
. ./.env
: "${REPLACE:=restart}"

compose() { docker-compose -f docker-compose.prod.yml "$@"; }
# shellcheck disable=SC2086  # REPLACE is several words
replace() { compose $REPLACE "$1"; }
app_1=cosmic-app-1-$STACK_SUFFIX

# Step 1: Backup Database
docker exec "platform-db-$STACK_SUFFIX" mysqldump -u root -p"${DB_ROOT_PASSWORD}" platform \
    >./data-kiosk/backups/pre-migration-"$(date +%Y%m%d_%H%M%S)".sql

# Step 2: Rebuild Docker Images
compose build cosmic-app-1 cosmic-app-2 cosmic-app-3
compose build cosmic-scheduler

# Step 3: Run Migration
docker exec "$app_1" console migrate --force
docker exec "$app_1" console migrate:status

# Step 4: Clear Caches
docker exec "$app_1" console cache:clear
docker exec "$app_1" console config:clear
docker exec "$app_1" console route:clear

# Step 5: Restart Services
replace cosmic-app-1
sleep 10
replace cosmic-app-2
sleep 10
replace cosmic-app-3
replace cosmic-scheduler

# Step 6: Verify Deployment
docker exec "$app_1" console list | grep devices:monitor
docker exec "cosmic-scheduler-$STACK_SUFFIX" console schedule:list
docker exec "$app_1" console devices:monitor-status --dry-run --verbose
