"""The step `orphans`: stop and remove containers of the project that no service declares."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.journal.step_kinds import ORPHANS
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.steps.containers.orphan_containers import (
    is_asked_to_remove,
    orphan_facts,
    remove_stopped,
    start_orphans,
    stop_orphan,
)
from cosmicdeploy.verification.orphans import REMOVE_ORPHANS, removable_orphans


class OrphansStep(Step):
    """Stop and remove the containers that no service declares, if `--remove-orphans` asks for it.

    Such containers are left by a service that was removed or renamed. They are removed once the
    whole run has succeeded, and started again if the run fails. Their volumes stay.
    """

    kind: ClassVar[str] = ORPHANS
    needs_backup: ClassVar[bool] = False

    def check(self, ctx: Context) -> Change | Unchanged:
        orphans = removable_orphans(ctx)
        if not orphans:
            return Unchanged(reason="a service declares each container of the project")
        if not is_asked_to_remove(ctx):
            names = _described(orphans)
            return Unchanged(reason=f"no service declares {names}: {REMOVE_ORPHANS}")
        volumes = sorted({name for orphan in orphans for name in orphan.volume_names})
        kept = f"; volumes that stay: {', '.join(volumes)}" if volumes else ""
        return Change(
            summary=f"stop and remove {_described(orphans)}, which no service declares{kept}",
            before={"orphans": [orphan_facts(orphan) for orphan in orphans]},
            facts={"volumes_kept": volumes},
        )

    def apply(self, ctx: Context, change: Change) -> Result:
        for each in change.before["orphans"]:
            ctx.safe_point()
            stop_orphan(ctx, each["id"])
        return {"orphans": [each["name"] for each in change.before["orphans"]], **change.facts}

    def verify(self, ctx: Context, change: Change) -> None:
        for each in change.before["orphans"]:
            container = ctx.engine.container(each["id"])
            if container is not None and container.is_active:
                raise CosmicError(
                    f"{each['name']} was stopped, but runs again",
                    where=each["name"],
                    todo="find out what starts it, then deploy again",
                )

    def undo(self, ctx: Context, change: Change) -> None:
        start_orphans(ctx, change.before["orphans"])

    def settle(self, ctx: Context, change: Change) -> None:
        if removed := remove_stopped(ctx, change.before["orphans"]):
            ctx.say(f"removed {', '.join(removed)}; volumes stay")


def _described(orphans: Iterable[Container]) -> str:
    return ", ".join(f"{each.name} ({each.status})" for each in orphans)
