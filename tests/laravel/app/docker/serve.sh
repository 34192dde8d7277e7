#!/bin/sh
# Starts PHP-FPM beside nginx. nginx is the first process: told to stop, it takes no new request, ends
# those in flight, and the container goes with it.
set -eu
php-fpm --nodaemonize --fpm-config /var/www/docker/php-fpm.conf &
exec nginx -g 'daemon off;'
