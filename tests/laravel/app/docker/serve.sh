#!/bin/sh
# Starts PHP-FPM beside nginx. nginx is the first process: told to stop, it takes no new request, ends
# those in flight, and the container goes with it.
set -eu
php-fpm --nodaemonize --fpm-config /var/www/docker/php-fpm.conf &
# Until PHP-FPM listens, nginx would answer 502, which no load balancer sends on to another replica.
until [ -S /run/php/app.sock ]; do sleep 0.05; done
exec nginx -g 'daemon off;'
