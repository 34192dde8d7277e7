"""The step `backup`, without an engine or a database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context import releases
from cosmicdeploy.context.context import Context
from cosmicdeploy.context.run_scope import RunScope, StepsAhead
from cosmicdeploy.events import Event, Warned
from cosmicdeploy.steps.backups import backup as step_module
from cosmicdeploy.steps.backups.backup import BackupStep
from cosmicdeploy.steps.backups.prune import Pruned
from cosmicdeploy.steps.base import Change, Step, Unchanged
from tests.unit.settings_of import settings_of

pytestmark = pytest.mark.unit

IN_PLAYBOOK = BackupStep(name="backup", when="always")
ALONE = BackupStep(name="backup").alone()


class Killed(BaseException):
    """Stands for a kill: no code under test catches it."""


def test_images_are_tagged_before_the_backup_is_created(monkeypatch: pytest.MonkeyPatch) -> None:
    tags: list[tuple[str, str]] = []

    def killed(*_: object, **__: object) -> Any:
        raise Killed

    monkeypatch.setattr(step_module, "create_backup", killed)
    monkeypatch.setattr(releases, "release_of", lambda *_: "7")
    ctx: Any = SimpleNamespace(
        engine=SimpleNamespace(tag=lambda image, name: tags.append((image, name))),
        container=lambda _: SimpleNamespace(image_id="sha256:1a2b", service="app"),
        digests_of=lambda _: {},
        database=lambda: None,
        has_database=True,
        catalogue=None,
        settings=settings_of({"app": ["app"], "worker": ["worker"]}),
        stack=SimpleNamespace(
            project="shop", services={"app": SimpleNamespace(compose_name="app")}
        ),
        run=RunScope(),
    )
    with pytest.raises(Killed):
        BackupStep(name="backup").apply(ctx, Change(summary="back up"))
    assert tags == [("sha256:1a2b", "cosmicdeploy/shop:1a2b")]


def test_a_prune_that_fails_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, ctx: Context, events: list[Event]
) -> None:
    monkeypatch.setattr(step_module, "prune", lambda _: Pruned(warnings=("a tag remains",)))
    backup = SimpleNamespace(keep=SimpleNamespace(is_set=True))
    loaded: Any = SimpleNamespace(settings=SimpleNamespace(backup=backup))
    BackupStep(name="backup").settle(replace(ctx, loaded=loaded), Change(summary="back up"))
    assert events == [Warned(text="a tag remains")]


@pytest.mark.parametrize(
    ("step", "prove", "says"),
    [
        (IN_PLAYBOOK, "structure", "back up shop"),
        (
            IN_PLAYBOOK,
            "data",
            "back up shop; its data is proven by a restore during the soak,"
            " if the playbook has one",
        ),
        (IN_PLAYBOOK, "off", "back up shop; NOT proven to be restorable: backup.prove is off"),
        (ALONE, "structure", "back up shop"),
        (ALONE, "data", "back up shop; its data is proven by a restore immediately"),
    ],
)
def test_the_plan_says_how_and_when_the_backup_is_proven(step: Step, prove: str, says: str) -> None:
    database = SimpleNamespace(name="shop")
    ctx: Any = SimpleNamespace(
        run=RunScope(),
        has_database=True,
        settings=SimpleNamespace(database=database, backup=SimpleNamespace(prove=prove)),
    )
    assert step.check(ctx) == Change(summary=says)


@pytest.mark.parametrize(
    ("kinds", "says"),
    [
        ((), "no step changes anything, so no backup is needed"),
        (("reload",), "only reload changes something, so no backup is needed"),
        (("orphans", "reload"), "only orphans, reload change something, so no backup is needed"),
    ],
)
def test_the_plan_names_the_steps_that_need_no_backup(kinds: Sequence[str], says: str) -> None:
    steps: Any = [SimpleNamespace(kind=kind, needs_backup=False) for kind in kinds]
    ctx: Any = SimpleNamespace(
        run=RunScope(steps_ahead=StepsAhead(tuple(steps))), has_database=True
    )
    assert BackupStep(name="backup").check(ctx) == Unchanged(reason=says)


def proven_by(step: Any, prove: str, monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], Any]:
    """Return the messages about a new backup's proof, and the proof that waits for the soak."""
    said: list[str] = []
    run = RunScope()
    ctx: Any = SimpleNamespace(
        run=run, warn=said.append, settings=SimpleNamespace(backup=SimpleNamespace(prove=prove))
    )
    monkeypatch.setattr(step_module, "prove_now", lambda *_: said.append("proven now"))
    step._prove(ctx, SimpleNamespace(id="1"))
    return said, run.data_proof


def test_each_backup_warns_if_the_proof_is_switched_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said, _ = proven_by(BackupStep(name="backup"), "off", monkeypatch)
    assert said == ["backup.prove is off: no backup is proven to be restorable"]


def test_the_data_are_proven_during_the_soak_or_immediately_if_there_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said, waiting = proven_by(BackupStep(name="backup"), "data", monkeypatch)
    assert said == [] and waiting.is_pending
    said, waiting = proven_by(BackupStep(name="backup").alone(), "data", monkeypatch)
    assert said == ["proven now"] and not waiting.is_pending
