"""The guide's commands, pasted as they are, on a stack that cosmicdeploy deployed.

They are taken from docs/guide.md; what differs is what has to: the end of the containers' names,
the load balancer's port, and the device's token.
"""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from tests.stack.operate.test_features import wait_for_line
from tests.stack.support.harness import ROOT, StackUnderTest

pytestmark = pytest.mark.stack

PASTED = re.compile(r"`((?:docker(?:-compose)? |curl |ls -lt |SELECT ).*?)`(?: \||$)")
# What says nothing that is known is followed for so long; nothing longer than the other.
FOR_SECONDS, AT_MOST_SECONDS = 3, 90
FOLLOWED = 124  # it would have gone on

# What differs from another command in nothing but the replica, and takes seconds.
ALIKE = (" restart cosmic-app-2", " restart cosmic-app-3", " build cosmic-app-1")
# Part of the command → exit code, and what it has to say. The first that fits counts.
EXPECTED: dict[str, tuple[int, str]] = {
    "mysqldump": (0, ""),
    " build ": (0, "Successfully tagged|cosmic"),
    # No terminal to ask in, as in Laravel.
    "migrate:rollback": (1, "Application In Production"),
    "migrate --force": (0, "Nothing to migrate"),
    "migrate:status": (0, r"Yes .*2026_02_02_000001_add_heartbeat_management_fields_to_remotes"),
    "cache:clear": (0, "Application cache cleared!"),
    "config:clear": (0, "Configuration cache cleared!"),
    "route:clear": (0, "Route cache cleared!"),
    "artisan list": (0, "devices:monitor-status"),
    "schedule:list": (0, r"\* \* \* \* \* .*devices:monitor-status"),
    "--dry-run": (0, "Dry run: [0-9]+ devices? checked"),
    "monitor-status --verbose": (0, "[0-9]+ devices? checked"),
    "DESCRIBE": (0, "heartbeat_interval_seconds"),
    "docker ps": (0, r"\((?:healthy|health: starting)\).*cosmic-app-1-"),
    "/api/health": (0, '"status"'),
    "/api/devices/heartbeat": (0, '"should_reconnect"'),
    "tail -f": (FOLLOWED, ""),
    "-f cosmic-scheduler": (FOLLOWED, "Running scheduled command: Artisan devices:monitor-status"),
    "-f cosmic-app": (FOLLOWED, "Uvicorn running"),
    "-f platform-db": (FOLLOWED, "ready for connections"),
    "--follow": (FOLLOWED, "Running scheduled command: Artisan devices:monitor-status"),
    "docker logs --tail 50 cosmic-scheduler": (0, "Running scheduled command"),
    "docker logs cosmic-scheduler": (0, "Running scheduled command"),
    # Its start may be further back than the last lines.
    "docker logs platform-db": (0, r"\[(?:Note|Warning)\]"),
    "SHOW PROCESSLIST": (0, "SHOW PROCESSLIST"),
    "time > 5": (0, ""),
    "platform <": (0, ""),
    "-it platform-db": (0, "last_heartbeat_source"),
    " bash": (0, "six times seven is 42"),
    "laravel.log | tail": (0, ""),
    "ls -lt": (0, "pre-migration-"),
    " restart": (0, "done"),
    # What is not there, since the shipped application is none of Laravel's.
    "tinker": (1, 'Command "tinker" is not defined'),
    "DeviceStatusMonitorCommand.php": (2, "No such file"),
    "sed -i": (2, "can't read /var/www/routes/api.php"),
    'grep "schedule:run"': (1, ""),
}


def pasted() -> Iterator[str]:
    """Return the guide's commands in its order, each once."""
    cells = (
        line.split(" | ")[0] + " |"
        for line in (ROOT / "docs" / "guide.md").read_text().splitlines()
        if line.startswith("| `")
    )
    found = (PASTED.search(cell.replace("\\|", "|")) for cell in cells)
    yield from dict.fromkeys(match[1] for match in found if match)


def commands() -> list[str]:
    """Return the commands to paste, the restart of all services last."""
    found = [line for line in pasted() if not line.startswith("SELECT")]
    return sorted(found, key=lambda line: line.endswith(" restart"))


def expected(line: str) -> tuple[int, str]:
    """Return what is expected of a command; raises `StopIteration` for an unknown one."""
    if " sed " in line or '"sed ' in line:
        return EXPECTED["sed -i"]
    return next(wanted for part, wanted in EXPECTED.items() if part in line)


def typed(line: str) -> bytes:
    """Return what an operator types into the program that a command opens."""
    if "-it platform-db" in line:
        return "\n".join([*(q for q in pasted() if q.startswith("SELECT")), "exit", ""]).encode()
    return b"echo six times seven is $((6*7))\nexit\n" if line.endswith(" bash") else b""


def here(stack: StackUnderTest, line: str) -> str:
    """Return a command with this stack's names, port and token."""
    suffix = stack.containers()["cosmic-app-1"].name.removeprefix("cosmic-app-1")
    line = re.sub(r"(?<=\d|r|b|s|x)-prod\b", suffix, line)
    line = line.replace("http://localhost:8080", stack.url())
    line = line.replace("YOUR_DEVICE_TOKEN", stack.token())
    dumps = sorted((stack.folder / "data-kiosk" / "backups").glob("pre-migration-*.sql"))
    return line.replace("pre-migration-YYYYMMDD_HHMMSS.sql", dumps[-1].name if dumps else "none")


def paste(stack: StackUnderTest, line: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a shell; in a terminal if it needs one."""
    words = ["bash", "-o", "pipefail", "-c", here(stack, line)]
    if " -it " in line:
        words = ["script", "-qec", here(stack, line), "/dev/null"]
    password = stack.open().loaded.secret("DB_ROOT_PASSWORD")
    process = subprocess.Popen(
        words,
        cwd=stack.folder,
        env={**os.environ, "DB_ROOT_PASSWORD": password, "COLUMNS": "300", "LINES": "50"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    if expected(line)[0] == FOLLOWED:
        return follow(line, process)
    said, _ = process.communicate(typed(line), timeout=150)
    return subprocess.CompletedProcess(line, process.returncode, said.decode(errors="replace"))


def follow(line: str, process: subprocess.Popen[bytes]) -> subprocess.CompletedProcess[str]:
    """Read a command's output until it matches, then end the command."""
    assert process.stdout is not None
    wanted = expected(line)[1]
    said, end = b"", time.monotonic() + (AT_MOST_SECONDS if wanted else FOR_SECONDS)
    while not (wanted and re.search(wanted, said.decode(errors="replace"))):
        ready, _, _ = select.select([process.stdout], [], [], max(0.0, end - time.monotonic()))
        if not ready:
            break
        if not (more := os.read(process.stdout.fileno(), 65536)):
            return subprocess.CompletedProcess(line, process.wait(60), said.decode())
        said += more
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    return subprocess.CompletedProcess(line, FOLLOWED, said.decode(errors="replace"))


def failures(stack: StackUnderTest, lines: Iterable[str]) -> list[str]:
    """Return the commands that did not do what is expected, with their output. Commands that follow
    a log are pasted first, each into its own terminal."""
    found, lines = [], list(lines)
    followed = [line for line in lines if expected(line)[0] == FOLLOWED]
    with ThreadPoolExecutor(max_workers=len(followed)) as terminals:
        logs = dict(zip(followed, terminals.map(partial(paste, stack), followed), strict=True))
    for line in lines:
        code, said = expected(line)
        done = logs.get(line) or paste(stack, line)
        if done.returncode != code or not re.search(said, done.stdout):
            found.append(f"{line}: {done.returncode}: {done.stdout[-800:]}")
    return found


def test_each_command_has_an_expectation() -> None:
    assert len(commands()) > 40
    assert all(expected(line) for line in commands())
    assert all(any(part in line for line in commands()) for part in EXPECTED)


@pytest.mark.torture
@pytest.mark.parametrize("alike", [False, True])
def test_the_guides_commands_still_work(released: StackUnderTest, alike: bool) -> None:
    lines = [line for line in commands() if alike or not line.endswith(ALIKE)]
    backups: Path = released.folder / "data-kiosk" / "backups"
    released.begin_minute_again()
    wait_for_line(released, "Running scheduled command: Artisan devices", 1.0)
    try:
        assert failures(released, lines) == []
        dump = next(backups.glob("pre-migration-*.sql")).read_text()
        assert "CREATE TABLE `remotes`" in dump and "-- Dump completed" in dump
    finally:
        for left in backups.glob("pre-migration-*.sql"):
            left.unlink()
    # And cosmicdeploy goes on from there.
    done = released.cli("deploy", "--json")
    assert done.code == 0, done.stderr
    assert released.cli("verify").code == 0


def test_the_guides_migration_prints_what_the_guide_expects(released: StackUnderTest) -> None:
    back = "docker exec cosmic-app-1-prod php artisan migrate:rollback --step=1 --force"
    forth = "docker exec -it cosmic-app-1-prod php artisan migrate --force"
    try:
        assert "Rolled back" in paste(released, back).stdout
        said = paste(released, forth).stdout
    finally:
        released.cli("console", "migrate", "--force")
    name = "2026_02_02_000001_add_heartbeat_management_fields_to_remotes"
    assert f"Migrating: {name}" in said
    assert re.search(rf"Migrated:  {name} \([0-9.]+ms\)", said)
