"""What an interrupted run left half-way is brought to a whole state first."""

from __future__ import annotations

from typing import ClassVar

from cosmicdeploy.context import Context
from cosmicdeploy.database.swap import drop_before, has_before
from cosmicdeploy.engine.model import Container
from cosmicdeploy.errors import NeedsPerson
from cosmicdeploy.probes.readiness import wait_ready
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.steps.lock_wait import lock_wait_left, restore_lock_wait
from cosmicdeploy.steps.replace import set_aside
from cosmicdeploy.steps.restore import unfinished


class RecoverStep(Step):
    """Containers under temporary names are put back into service, or removed; a command that still
    runs in a container of its own is waited for; data that a finished restore replaced is let go.

    A restore that was killed after its data was swapped is for a person to finish.
    """

    kind: ClassVar[str] = "recover"

    def check(self, ctx: Context) -> Change | Unchanged:
        left = [c.name for name in ctx.settings.services.released for c in _leftovers(ctx, name)]
        left += [c.name for c in ctx.engine.leftovers(ctx.stack.project)]
        if _database_is_ready(ctx) and lock_wait_left(ctx) is not None:
            left.append("the server's lock wait")
        if _data_is_kept(ctx):
            _require_finished(ctx)
            left += ["data from before a restore"] if ctx.target is None else []
        if not left:
            return Unchanged(reason="no run was interrupted half-way")
        return Change(summary=f"clear up after an interrupted run: {', '.join(left)}")

    def apply(self, ctx: Context, change: Change) -> Result:
        for command in ctx.engine.leftovers(ctx.stack.project):
            ctx.say(f"waiting for {command.name}, which an interrupted run started")
            ctx.engine.wait_end(command.id, ctx.settings.migrate.timeout)
            ctx.engine.remove(command.id)
        if _database_is_ready(ctx):
            restore_lock_wait(ctx)
        for name in ctx.settings.services.released:
            for leftover in _leftovers(ctx, name):
                _resolve(ctx, name, leftover)
        if ctx.target is None and _data_is_kept(ctx):
            drop_before(ctx.database())
        return {}


def _leftovers(ctx: Context, name: str) -> list[Container]:
    return set_aside(ctx, ctx.service(name))


def _resolve(ctx: Context, name: str, leftover: Container) -> None:
    current = ctx.container(name)
    if current is not None and "-next-" in leftover.name:
        ctx.engine.remove(leftover.id)
        _start(ctx, current, name)  # it may have been stopped to make room
    elif current is not None and current.ready:
        ctx.engine.remove(leftover.id)
    else:
        # The new container never became healthy: the one that was set aside is the one that works.
        if current is not None:
            ctx.engine.remove(current.id)
        ctx.engine.rename(leftover.id, ctx.service(name).container_name)
        _start(ctx, leftover, name)


def _start(ctx: Context, container: Container, name: str) -> None:
    ctx.engine.start(container.id)
    wait_ready(ctx, container.id, name)


def _database_is_ready(ctx: Context) -> bool:
    database = ctx.container(ctx.settings.services.database)
    return database is not None and database.ready


def _data_is_kept(ctx: Context) -> bool:
    return _database_is_ready(ctx) and has_before(ctx.database())


def _require_finished(ctx: Context) -> None:
    target = unfinished(ctx.journal)
    if target is not None and ctx.target is None:
        raise NeedsPerson(
            f"A rollback to {target} was killed after its data was swapped in",
            where="database",
            todo=f"finish it: `cosmicdeploy rollback --to {target}`; the backup that it made first "
            "is the way back",
        )
