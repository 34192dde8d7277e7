"""The step `one-shot`: run the services that run to their end, once for each release."""

from __future__ import annotations

from typing import ClassVar

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.journal.step_kinds import ONE_SHOT
from cosmicdeploy.probes.crash_log import last_log_lines
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.steps.containers.run_to_end import (
    let_end,
    let_end_for_undo,
    wait_until_ended,
)
from cosmicdeploy.steps.rollout.drift import drift_of
from cosmicdeploy.steps.rollout.replacement.replace import journal_facts, remove_temporary, swap_in
from cosmicdeploy.steps.rollout.replacement.target import look_up
from cosmicdeploy.steps.rollout.replacement.timings import Phases
from cosmicdeploy.steps.rollout.replacement.undo import put_back


class OneShotStep(Step):
    """Run the services that run to their end, such as a migration, and wait for each.

    These are the services for whose end others wait (`service_completed_successfully`), and those
    in `services.one_shot`. Each runs again if its image or definition changed, or if it did not end
    successfully. A container that still runs, such as one of a run that was killed, is waited for
    and not killed.
    """

    kind: ClassVar[str] = ONE_SHOT
    leaves_data_changed: ClassVar[bool] = True

    def check(self, ctx: Context) -> Change | Unchanged:
        names = ctx.settings.services.one_shot
        reasons = {name: reason for name in names if (reason := _reason(ctx, name))}
        if not reasons:
            ended = f"ended successfully: {', '.join(names)}"
            return Unchanged(reason=ended if names else "no service runs to its end")
        before = {name: journal_facts(ctx.container(name)) for name in reasons}
        listed = ", ".join(f"{name} ({reason})" for name, reason in reasons.items())
        migrates = ctx.settings.migrate.service
        by_step = migrates in before and not ctx.why_no_migrations
        return Change(
            summary=f"run to the end: {listed}",
            before={"containers": before, "migrates": migrates if by_step else ""},
            facts={"reasons": reasons},
        )

    def apply(self, ctx: Context, change: Change) -> Result:
        for name in change.before["containers"]:
            ctx.safe_point()
            _run(ctx, name)
            ctx.say(f"{name} ended successfully")
        return {"ran": list(change.before["containers"])}

    def undo(self, ctx: Context, change: Change) -> None:
        """Put the former containers back, once those that still run have ended.

        Changes that the services made to data stay. Raises `NotReversible` if one does not end.
        """
        for name, before in reversed(change.before["containers"].items()):
            let_end_for_undo(ctx, name)
            # Of a service that runs to its end, no former container is started again.
            put_back(ctx, name, before and {**before, "running": False})

    def kept_after_undo(self, change: Change) -> str:
        names = ", ".join(change.before["containers"])
        # The step `migrate` has run the migrations of this service before the service ran, and
        # undoes them.
        migrates = change.before.get("migrates")
        except_for = f", apart from the migrations of {migrates}," if migrates else ""
        return f"what {names} did to data{except_for} stays done"

    def settle(self, ctx: Context, change: Change) -> None:
        remove_temporary(ctx, change.before["containers"])


def _reason(ctx: Context, name: str) -> str:
    """Return why a service has to run; "" if it already ran successfully as declared now."""
    drift = drift_of(ctx, name, may_be_stopped=True)
    container = drift.container
    if container is None or container.is_active:
        return drift.reason or "it has not ended"
    if not container.was_started:
        return "it was created, but never started"
    if container.status != "exited":
        return f"its container is {container.status}"
    if container.exit_code != 0:
        return f"it ended with exit code {container.exit_code}"
    return drift.reason or ""


def _run(ctx: Context, name: str) -> None:
    """Run a service in a new container, and show its output; wait until the container has ended.

    First waits for the container in place if it still runs; if that one ends successfully as
    declared now, no other one is needed. Raises `CosmicError`, with the container's last lines, if
    the exit code is not 0. Raises `EngineError` if the container does not end within
    `migrate.timeout`, or is removed, and `NeedsPerson` if the one in place does not end.
    """
    if let_end(ctx, name) and not _reason(ctx, name):
        return
    created = swap_in(ctx, look_up(ctx, name), Phases(ctx.run.notes))
    ctx.engine.start(created)
    container = wait_until_ended(ctx, name, created, ctx.settings.migrate.timeout)
    if container.exit_code != 0:
        raise _failed(ctx, name, container)


def _failed(ctx: Context, name: str, container: Container) -> CosmicError:
    return CosmicError(
        f"{name} ended with exit code {container.exit_code}",
        where=name,
        todo=f"see its last lines above, or `cosmicdeploy logs {name} --tail 100`",
        details=last_log_lines(ctx, container),
    )
