"""Steps that no deploy uses: each run twice, the second time with nothing to change."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from cosmicdeploy.context import Context
from cosmicdeploy.errors import EngineError
from cosmicdeploy.runs.plan import make_plan
from cosmicdeploy.runs.runner import Run
from cosmicdeploy.steps.backups.images import ImagesStep
from cosmicdeploy.steps.base import Change, Step
from cosmicdeploy.steps.commands.exec import ExecStep
from cosmicdeploy.steps.commands.new_image import in_new_image
from cosmicdeploy.steps.containers.quiesce import QuiesceStep
from cosmicdeploy.steps.containers.resume import ResumeStep
from cosmicdeploy.steps.rollout.rollout import RestartStep
from tests.stack.support.harness import RELEASED, StackUnderTest

pytestmark = pytest.mark.stack


def outcome(ctx: Context, step: Step) -> str:
    run = Run(ctx=ctx)
    run.through(make_plan([step], ctx))
    assert run.error is None, run.error
    return run.results[0].outcome


def test_up_starts_what_is_missing_and_nothing_else(released: StackUnderTest) -> None:
    before = released.containers()
    ctx = released.open()
    ctx.engine.remove(before["platform-redis"].id)
    ctx.engine.stop(before["cosmic-queue-1"].id, 10)
    done = released.cli("up", "--json")
    assert done.code == 0, done.stderr
    assert done.outcomes["services"] == done.outcomes["restart"] == "changed"
    after = released.containers()
    assert all(container.is_running for container in after.values())
    made_anew = {name for name in after if after[name].id != before[name].id}
    assert made_anew == {"platform-redis"}
    assert set(released.cli("up", "--json").outcomes.values()) == {"unchanged"}


def test_quiesce_turns_clients_away_and_stops_all_that_writes(released: StackUnderTest) -> None:
    ctx, step = released.open(), QuiesceStep(name="quiesce")
    assert [outcome(ctx, step), outcome(ctx, step)] == ["changed", "unchanged"]
    running = {name for name, c in released.containers().items() if c.is_running}
    assert not running & set(RELEASED)
    assert released.health().turned_away
    restart, resume = RestartStep(name="restart", at_once=True), ResumeStep(name="resume")
    assert [outcome(ctx, restart), outcome(ctx, restart)] == ["changed", "unchanged"]
    assert released.health().turned_away, "until all is well"
    assert [outcome(ctx, resume), outcome(ctx, resume)] == ["changed", "unchanged"]
    assert released.health().status == 200


def test_images_moves_the_tags_to_a_backup_s_images(released: StackUnderTest) -> None:
    ctx = released.open()
    target = next(b for b in ctx.catalogue.list() if b.is_good and b.manifest.release == "1")
    present = ctx.image_of("cosmic-app-1")
    assert present is not None
    back, step = replace(ctx, target=target), ImagesStep(name="images")
    try:
        assert [outcome(back, step), outcome(back, step)] == ["changed", "unchanged"]
        moved = ctx.image_of("cosmic-app-1")
        assert moved is not None and moved.id == target.manifest.images["cosmic-app-1"]
    finally:
        ctx.engine.tag(present.id, ctx.service("cosmic-app-1").image)


@pytest.mark.torture
def test_a_backup_can_be_proven_to_restore(released: StackUnderTest) -> None:
    made = released.cli("backup", "create", "--json")
    assert made.code == 0 and made.report["backup"]
    proven = released.cli("backup", "verify", made.report["backup"], "--restore", "--json")
    assert proven.code == 0, proven.stdout
    listed = released.cli("backup", "list", "--json").report["data"]
    assert listed[0]["id"] == made.report["backup"]
    data = released.folder / "data-kiosk" / "backups" / f"{made.report['backup']}.sql.zst"
    data.write_bytes(data.read_bytes()[:-10])
    assert released.cli("backup", "verify", made.report["backup"], "--json").code == 5


def test_a_console_command_that_hangs_is_given_up_and_ended(stack: StackUnderTest) -> None:
    ctx, end = stack.open(), time.monotonic() + 120
    while not ctx.running("cosmic-app-1").is_ready:  # else it would run in a container of its own
        assert time.monotonic() < end
        time.sleep(0.5)
    with pytest.raises(EngineError):
        in_new_image(impatient(ctx), ["queue:work"])
    require_ended(ctx, "queue:work")


def test_an_exec_step_that_hangs_is_given_up_and_ended(stack: StackUnderTest) -> None:
    ctx = impatient(stack.open())
    step = ExecStep(name="hang", service="app", run=("sleep", "4321"))
    change = step.check(ctx)
    assert isinstance(change, Change)
    with pytest.raises(EngineError, match="timed out"):
        step.apply(ctx, change)
    require_ended(ctx, "sleep 4321")


def impatient(ctx: Context) -> Context:
    """The same, where a command that says nothing for a second has failed."""
    soon = ctx.settings.migrate.model_copy(update={"timeout": 1.0})
    settings = ctx.settings.model_copy(update={"migrate": soon})
    return replace(ctx, loaded=replace(ctx.loaded, settings=settings))


def require_ended(ctx: Context, words: str) -> None:
    """See a command go from a replica, and nothing else with it."""
    end = time.monotonic() + 120
    while words in running(ctx):  # told to end, a worker first ends what it is at
        assert time.monotonic() < end
        time.sleep(0.5)
    assert "cosmic_app.serve" in running(ctx)


def running(ctx: Context) -> str:
    """The command lines in a replica."""
    return ctx.engine.exec(ctx.any_app().id, ["ps", "ax", "-o", "args"]).text
