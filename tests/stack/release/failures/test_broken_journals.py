"""A deploy is killed and its journal is damaged: the way on is named, works, and loses nothing."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from cosmicdeploy.journal.lines import Piece, parse
from tests.stack.release.failures.test_changes_by_hand import (
    kill_in_mid_rollout,
    require_next_deploy,
)
from tests.stack.support.harness import StackUnderTest
from tests.stack.support.ways_out import follow_advice, named_commands, run

pytestmark = [pytest.mark.stack, pytest.mark.torture, pytest.mark.fault("broken journal")]

# The journal's lines before the deploy, and those that the killed deploy wrote → the damage.
Damage = Callable[[Path, Sequence[bytes], Sequence[bytes]], object]
RUBBISH = random.Random(1).randbytes(500)  # noqa: S311 - not secret, but reproducible


def cut_line(path: Path, older: Sequence[bytes], own: Sequence[bytes]) -> None:
    path.write_bytes(b"".join([*older, *own])[:-30])


def binary_rubbish(path: Path, older: Sequence[bytes], own: Sequence[bytes]) -> None:
    path.write_bytes(b"".join([*older, own[0], RUBBISH, b"\n", *own[1:], RUBBISH]))


def unknown_kind(path: Path, older: Sequence[bytes], own: Sequence[bytes]) -> None:
    """As a later version may write it."""
    record = {**json.loads(own[-1]), "kind": "teleport"}
    path.write_bytes(b"".join([*older, *own, json.dumps(record).encode() + b"\n"]))


def duplicated_lines(path: Path, older: Sequence[bytes], own: Sequence[bytes]) -> None:
    path.write_bytes(b"".join([*older, *own, *own]))


def an_older_one(path: Path, older: Sequence[bytes], _own: Sequence[bytes]) -> None:
    """As a restore of the folder from a copy leaves it: the killed deploy is unknown."""
    path.write_bytes(b"".join(older))


def unreadable(path: Path, _older: Sequence[bytes], _own: Sequence[bytes]) -> None:
    """As Docker leaves it where it mounts a file that is missing."""
    path.unlink()
    path.mkdir()


def endless(path: Path, _older: Sequence[bytes], _own: Sequence[bytes]) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def mend(path: Path, older: Sequence[bytes]) -> None:
    """Give later tests a journal without damaged lines, with those of before the deploy."""
    moved = path.with_name(f"{path.name}.damaged")
    for each in (path, moved):
        if each.is_dir():
            each.rmdir()
        elif each.is_symlink():
            each.unlink()
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    kept = [line for line in lines if isinstance(parse(Piece(data=line, line=1)), dict)]
    path.write_bytes(b"".join([*(line for line in older if line not in lines), *kept]))


def ways_on(stack: StackUnderTest) -> list[str]:
    """Return the commands with which an operator goes on, as `status` names them."""
    status = stack.cli("status", "--json")
    if status.code:
        [command, *_] = named_commands(status.report["error"]["todo"])
        assert command.startswith("mv "), status.stderr
        assert run(stack, command).code == 0
        status = stack.cli("status", "--json")
    assert status.code == 0, status.stderr
    commands = [each for run in status.report["unfinished"] for each in named_commands(run["todo"])]
    return commands or ["cosmicdeploy deploy"]


@pytest.mark.parametrize(
    "damage",
    [cut_line, binary_rubbish, unknown_kind, duplicated_lines, an_older_one, unreadable, endless],
)
def test_a_broken_journal_is_no_obstacle(released: StackUnderTest, damage: Damage) -> None:
    path = released.open().journal.path
    older = path.read_bytes().splitlines(keepends=True)
    with released.database() as facts:
        devices = facts.session.rows("SELECT id, token_hash FROM remotes ORDER BY id")
    backups = {backup.id for backup in released.open().catalogue.list()}
    released.set_variable("APP_VERSION", "killed")
    kill_in_mid_rollout(released)
    whole = path.read_bytes().splitlines(keepends=True)
    try:
        damage(path, older, whole[len(older) :])
        follow_advice(released, ways_on(released)[-1])
        require_next_deploy(released, damage.__name__)
    finally:
        mend(path, older)
    with released.database() as facts:
        assert facts.session.rows("SELECT id, token_hash FROM remotes ORDER BY id") == devices
    assert backups <= {backup.id for backup in released.open().catalogue.list()}
