"""What to do after a rollback of migrations that failed: each command of the advice works."""

from __future__ import annotations

import re
from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.engine.facts import ExecResult
from cosmicdeploy.errors import CosmicError, NeedsPerson
from cosmicdeploy.journal.unfinished.interrupted_migration import BegunMigration
from cosmicdeploy.migrations.frameworks.reading import framework
from cosmicdeploy.steps.base import Change
from cosmicdeploy.steps.schema import down, first_migrations, interrupted_migrations, migrate
from cosmicdeploy.steps.schema.down import roll_down
from cosmicdeploy.steps.schema.interrupted_migrations import MigrationProgress, State
from cosmicdeploy.steps.schema.migrate import MigrateStep
from tests.unit.commands import require_valid

pytestmark = pytest.mark.unit

NOT_CONFIRMED = b"Application In Production!\n   WARN  Command cancelled."
BROKEN = b"SQLSTATE[42S02]: Base table or view not found"
TARGET = SimpleNamespace(id="20261126-211622-d21b")


@pytest.fixture
def output(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The output of the console, which rolls nothing back."""
    text = [BROKEN]
    monkeypatch.setattr(down, "_recorded", lambda _ctx: ["first", "second"])
    monkeypatch.setattr(down, "short_lock_wait", lambda *_: nullcontext())
    monkeypatch.setattr(down, "lock_wait_before", lambda _ctx: None)
    monkeypatch.setattr(down, "changed_by", lambda *_: ExecResult(exit_code=1, stdout=text[0]))
    return text


def context(target: object = None) -> Any:
    return SimpleNamespace(
        framework=replace(framework("laravel"), settings={"down": "migrate.rollback"}),
        run=SimpleNamespace(target_backup=target),
        journal=None,
    )


def commands(text: str) -> list[str]:
    return re.findall(r"`(cosmicdeploy [^`]*)`", text)


@pytest.mark.parametrize(
    ("text", "target", "last"),
    [
        (NOT_CONFIRMED, TARGET, f"cosmicdeploy rollback --migration --to {TARGET.id}"),
        (NOT_CONFIRMED, None, "cosmicdeploy deploy --abort"),
        (BROKEN, TARGET, f"cosmicdeploy rollback --to {TARGET.id}"),
        (BROKEN, None, "cosmicdeploy rollback"),
    ],
)
def test_the_advice_names_commands_that_work(
    output: list[bytes], text: bytes, target: object, last: str
) -> None:
    output[0] = text
    with pytest.raises(NeedsPerson) as raised:
        roll_down(context(target), {"first"})
    named = commands(raised.value.todo)
    assert named[-1] == last
    for command in named:
        require_valid(command)
        assert "--migration" not in command or "--to" in command


def test_an_undo_that_fails_passes_the_advice_on(
    output: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    output[0] = NOT_CONFIRMED
    before = {"applied": ["first"], "names": ["second"]}
    begun = BegunMigration(before=before, done={})
    progress = MigrationProgress(begun=begun, state=State.BROKEN)
    monkeypatch.setattr(migrate, "_wait_for_database", lambda _ctx: None)
    monkeypatch.setattr(migrate, "interrupted_migration", lambda *_, **__: begun)
    monkeypatch.setattr(first_migrations, "undo", lambda *_: False)
    monkeypatch.setattr(interrupted_migrations, "compare_with_schema", lambda *_: progress)
    with pytest.raises(CosmicError) as raised:
        MigrateStep(name="migrate").undo(context(), Change(summary="", before=before))
    assert any("add --force to migrate.rollback" in line for line in raised.value.details)
