"""Roll back exactly the migrations that are not in a given set."""

from __future__ import annotations

from collections.abc import Set

from cosmicdeploy.context.context import Context
from cosmicdeploy.database.schema.facts import open_facts
from cosmicdeploy.errors import NeedsPerson, Refused
from cosmicdeploy.migrations.status import was_not_confirmed
from cosmicdeploy.process.signals import uninterruptible
from cosmicdeploy.steps.commands.new_image import in_new_image, last_lines
from cosmicdeploy.steps.schema.lock_wait import lock_wait_before, short_lock_wait
from cosmicdeploy.text.formatting import counted

CHOOSE_BACKUP = ", choose a backup: `cosmicdeploy rollback`"


def roll_down(ctx: Context, to_applied: Set[str]) -> list[str]:
    """Roll back the applied migrations that are not in `to_applied`; return their names.

    Runs in the image that the app's tag names. That image must have the files of these migrations:
    Artisan skips a migration without a file and reports success. Raises `Refused`, before anything
    runs, if a rollback cannot lead to `to_applied`; `NeedsPerson` if the result is not exactly
    `to_applied`.
    """
    beyond = applied_beyond(ctx, to_applied)
    if not beyond:
        return []
    rollback = (*ctx.settings.migrate.rollback, f"--step={len(beyond)}")
    with uninterruptible(), short_lock_wait(ctx, lock_wait_before(ctx)):
        result = in_new_image(ctx, rollback, own_container=True, shows_output=True)
    left = set(_applied(ctx)) - to_applied
    if result.exit_code != 0 or set(_applied(ctx)) != to_applied:
        raise NeedsPerson(
            "The migrations could not be rolled back",
            where=", ".join(sorted(left)) or "database",
            todo=_todo(ctx, result.text + result.error_text),
            details=last_lines(result),
        )
    ctx.say(f"{counted(len(beyond), 'migration')} rolled back")
    return beyond


def _todo(ctx: Context, output: str) -> str:
    """Return what to do about a rollback that failed.

    After a failed `rollback --migration`, the commands name the target backup by its ID, since
    `latest` is now the backup that the failed run itself made. After a failed undo of a deploy,
    there is no target backup to name.
    """
    target = ctx.run.target_backup
    again = f"rollback --migration --to {target.id}" if target else "deploy --abort"
    with_data = f": `cosmicdeploy rollback --to {target.id}`" if target else CHOOSE_BACKUP
    if was_not_confirmed(output):
        return (
            "the console asks for confirmation in production: add --force to migrate.rollback in"
            f" cosmicdeploy.yaml, then run `cosmicdeploy {again}`"
        )
    return (
        "see which migrations are applied: `cosmicdeploy migrate`; to roll back the data as well"
        f"{with_data}"
    )


def applied_beyond(ctx: Context, target: Set[str]) -> list[str]:
    """Return the applied migrations that are not in `target`.

    Raises `Refused` if rolling these back would not lead to `target`.
    """
    return _beyond(_applied(ctx), target)


def _applied(ctx: Context) -> list[str]:
    """Return the applied migrations in the order of their batches.

    Artisan rolls them back in the reverse order.
    """
    with open_facts(ctx.database()) as database:
        return list(database.applied_migrations())


def _beyond(applied: list[str], target: Set[str]) -> list[str]:
    beyond = [name for name in applied if name not in target]
    missing = sorted(target - set(applied))
    if missing:
        raise Refused(
            f"The schema cannot be rolled back: {', '.join(missing)} is not applied",
            where="database",
            todo="choose a backup to roll back to: `cosmicdeploy rollback`",
        )
    if beyond and applied[-len(beyond) :] != beyond:
        raise Refused(
            f"Other migrations were applied after {beyond[0]}, and would be rolled back instead",
            where="database",
            todo="choose a backup to roll back to: `cosmicdeploy rollback`",
        )
    return beyond
