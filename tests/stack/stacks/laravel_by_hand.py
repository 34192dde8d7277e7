"""What people do by hand to a stack with Laravel in it: commands in its containers, sessions with
its database, migrations among its sources."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from cosmicdeploy.layout import SOURCES
from tests.stack.stacks.laravel import LaravelStack

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
# As somebody's `tinker` has it open: runs its statements, and stays until it is left.
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


def container(stack: LaravelStack, service: str) -> str:
    return stack.open().running(service).name


@contextmanager
def by_hand(stack: LaravelStack, service: str, *words: str) -> Iterator[tuple[Any, str]]:
    """A command that somebody runs in a container; the process, and its id in there."""
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
def session(stack: LaravelStack, service: str, *statements: str) -> Iterator[None]:
    """A PHP process that has run these in one session with the database, and does nothing more."""
    with by_hand(stack, service, "php", "-r", SESSION, "--", *statements) as (process, _):
        assert process.stdout.readline() == "ready\n", process.stderr.read()
        yield


@contextmanager
def migration(stack: LaravelStack, name: str, up: str) -> Iterator[None]:
    """One among the sources; its folder is mounted, so that all containers see it at once."""
    file = stack.folder / SOURCES / "database" / "migrations" / f"{name}.php"
    file.write_text(MIGRATION.format(up=up))
    try:
        yield
    finally:
        file.unlink()
