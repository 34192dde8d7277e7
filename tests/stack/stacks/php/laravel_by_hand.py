"""What operators do by hand on a Laravel stack: commands, database sessions, migrations."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from tests.stack.stacks.php.strangers_laravel import StrangersLaravel

MIGRATION = """<?php

use Illuminate\\Database\\Migrations\\Migration;
use Illuminate\\Database\\Schema\\Blueprint;
use Illuminate\\Support\\Facades\\Schema;

return new class extends Migration
{{
    public function up(): void
    {{
        {up}
    }}
}};
"""
# Like an open `tinker`: runs its statements, and keeps the session until its input ends.
SESSION = """
$db = new PDO("mysql:host=".getenv("DB_HOST").";dbname=".getenv("DB_DATABASE"),
    getenv("DB_USERNAME"), getenv("DB_PASSWORD"));
foreach (array_slice($argv, 1) as $sql) $db->query($sql)->fetchAll();
echo "ready\\n";
fgets(STDIN);
"""


def docker(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        ["docker", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def container(stack: StrangersLaravel, service: str) -> str:
    return stack.open().running(service).name


@contextmanager
def by_hand(stack: StrangersLaravel, service: str, *words: str) -> Iterator[tuple[Any, str]]:
    """Run a command in a container; yield the process, and its id in the container."""
    shell = ("timeout", "100", "sh", "-c", 'echo $$; exec "$@"', "sh")
    process = docker("exec", "-i", container(stack, service), *shell, *words)
    assert process.stdout is not None and process.stdin is not None
    number = process.stdout.readline().strip()
    try:
        yield process, number
    finally:
        with suppress(BrokenPipeError):
            process.stdin.close()
        process.kill()
        process.wait(20)


@contextmanager
def session(stack: StrangersLaravel, service: str, *statements: str) -> Iterator[None]:
    """Keep a PHP process with an idle database session that has run these statements."""
    with by_hand(stack, service, "php", "-r", SESSION, "--", *statements) as (process, _):
        assert process.stdout.readline() == "ready\n", process.stderr.read()
        yield


@contextmanager
def migration(stack: StrangersLaravel, name: str, up: str) -> Iterator[None]:
    """Add a migration to the sources; all containers see it, since the folder is mounted."""
    file = stack.source("database/migrations") / f"{name}.php"
    file.write_text(MIGRATION.format(up=up))
    try:
        yield
    finally:
        file.unlink()
