"""What a release changes in the application's sources, as `git pull` does."""

from __future__ import annotations

from pathlib import Path

from tests.stack.stacks.php.strangers_laravel import StrangersLaravel

# The first process ends some seconds after its start, with requests in flight.
CRASHING = """#!/bin/sh
php-fpm --nodaemonize --fpm-config /var/www/docker/php-fpm.conf &
nginx -g 'daemon off;' &
nginx=$!
trap 'kill -QUIT $nginx; wait $nginx; exit 0' QUIT
sleep {seconds} &
wait $!
echo 'SQLSTATE[42S22]: Column not found: price' >&2
exit 1
"""
HEALTH = "HealthController::class"
HEARTBEAT = "HeartbeatController::class"
BROKEN = "fn () => abort(500)"
DISTRIBUTION = "require_once 'Illuminate/autoload.php';"
VENDOR = "require_once __DIR__.'/../vendor/autoload.php';"
DISCOVER = """ \\
    && setpriv --reuid=www-data --regid=www-data --init-groups php artisan package:discover
"""


def put_release(stack: StrangersLaravel, name: str) -> None:
    """Give the sources a change, and the next build this release name."""
    (stack.source("public") / "release.txt").write_text(f"{name}\n")
    stack.set_variable("APP_VERSION", name)


def break_health(stack: StrangersLaravel) -> None:
    """Let the health page answer 500."""
    replace_once(stack.source("routes/api.php"), f"'/health', {HEALTH}", f"'/health', {BROKEN}")


def break_heartbeats(stack: StrangersLaravel) -> None:
    """Let heartbeats be answered with 500; the health page works."""
    replace_once(stack.source("routes/api.php"), f"', {HEARTBEAT}", f"', {BROKEN}")


def fix_heartbeats(stack: StrangersLaravel) -> None:
    """Undo `break_heartbeats`."""
    replace_once(stack.source("routes/api.php"), f"', {BROKEN}", f"', {HEARTBEAT}")


def crash_after(stack: StrangersLaravel, seconds: int) -> None:
    """Let each replica end `seconds` after its start."""
    stack.source("docker/serve.sh").write_text(CRASHING.format(seconds=seconds))


def leave_out_vendor(stack: StrangersLaravel) -> None:
    """Let the application load its framework from a vendor folder that is not in the image."""
    replace_once(stack.source("bootstrap/autoload.php"), DISTRIBUTION, VENDOR)
    replace_once(stack.source("Dockerfile"), DISCOVER, "\n")  # or the build would notice


def replace_once(file: Path, old: str, new: str) -> None:
    """Replace a text that a file has exactly once; the file stays the same one."""
    text = file.read_text()
    assert text.count(old) == 1, f"{file.name} does not have once: {old}"
    file.write_text(text.replace(old, new))
