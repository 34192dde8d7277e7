"""Down migrations: back to a given set of applied ones, and no further."""

from __future__ import annotations

from collections.abc import Set

from cosmicdeploy.context import Context
from cosmicdeploy.database.schema.facts import open_facts
from cosmicdeploy.errors import NeedsPerson, Refused
from cosmicdeploy.migrations.status import was_not_confirmed
from cosmicdeploy.signals import uninterruptible
from cosmicdeploy.steps.commands.new_image import in_new_image, last_lines
from cosmicdeploy.steps.schema.lock_wait import lock_wait_before, short_lock_wait
from cosmicdeploy.text.formatting import counted


def roll_down(ctx: Context, to_applied: Set[str]) -> list[str]:
    """Run the down migration of whatever is applied beyond a set; what was rolled back.

    In the image that the app's tag names, which must have the files: one without them would pass
    them over and report success. Raises `Refused` before anything is run where others than those
    would go, and `NeedsPerson` where not exactly those have gone.
    """
    beyond = applied_beyond(ctx, to_applied)
    if not beyond:
        return []
    rollback = (*ctx.settings.migrate.rollback, f"--step={len(beyond)}")
    with uninterruptible(), short_lock_wait(ctx, lock_wait_before(ctx)):
        result = in_new_image(ctx, rollback, apart=True)
    left = set(_applied(ctx)) - to_applied
    if result.exit_code != 0 or set(_applied(ctx)) != to_applied:
        raise NeedsPerson(
            "The migrations could not be rolled back",
            where=", ".join(sorted(left)) or "database",
            todo=_todo(result.text + result.error_text),
            details=last_lines(result),
        )
    ctx.say(f"{counted(len(beyond), 'migration')} rolled back")
    return beyond


def _todo(said: str) -> str:
    if was_not_confirmed(said):
        return "the console asks before it acts in production: add --force to migrate.rollback"
    return "run `cosmicdeploy migrate` to see what is there"


def applied_beyond(ctx: Context, wanted: Set[str]) -> list[str]:
    """What is applied beyond a set; raises `Refused` where rolling it back would not lead there."""
    return _beyond(_applied(ctx), wanted)


def _applied(ctx: Context) -> list[str]:
    """In the order of their batches, as Artisan goes back."""
    with open_facts(ctx.database()) as database:
        return list(database.applied_migrations())


def _beyond(applied: list[str], wanted: Set[str]) -> list[str]:
    beyond = [name for name in applied if name not in wanted]
    missing = sorted(wanted - set(applied))
    if missing:
        raise Refused(
            f"Rolling back cannot lead there: {', '.join(missing)} is not applied",
            where="database",
            todo="go back to a backup: `cosmicdeploy rollback`",
        )
    if beyond and applied[-len(beyond) :] != beyond:
        raise Refused(
            f"Others were applied after {beyond[0]}: they would be rolled back in its place",
            where="database",
            todo="go back to a backup: `cosmicdeploy rollback`",
        )
    return beyond
