"""Roll back exactly the migrations that are not in a given set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set

from cosmicdeploy.context.context import Context
from cosmicdeploy.database.schema.facts import open_facts
from cosmicdeploy.engine.facts import ExecResult
from cosmicdeploy.errors import NeedsPerson, Refused
from cosmicdeploy.migrations.frameworks.answers.listing import Listing
from cosmicdeploy.migrations.frameworks.down import CannotGoBackThere
from cosmicdeploy.process.signals import uninterruptible
from cosmicdeploy.steps.commands.new_image import last_lines
from cosmicdeploy.steps.schema.asking.commands import changed_by
from cosmicdeploy.steps.schema.asking.listing import listing
from cosmicdeploy.steps.schema.lock_wait import lock_wait_before, short_lock_wait
from cosmicdeploy.text.formatting import counted

CHOOSE_BACKUP = ", choose a backup: `cosmicdeploy rollback`"


def roll_down(ctx: Context, to_applied: Set[str], ran: Sequence[str] | None = None) -> list[str]:
    """Roll back the applied migrations that are not in `to_applied`; return their names.

    `to_applied` and the result have names as the framework's table records them. If the framework
    has no table, `ran` are the migrations to roll back. Runs in the image that the app's tag names.
    That image must have the files of these migrations: Artisan skips a migration without a file and
    reports success. Raises `Refused`, before anything runs, if a rollback cannot lead to
    `to_applied`; `NeedsPerson` if the result is not exactly `to_applied`.
    """
    applied, listed = _applied(ctx, to_applied)
    beyond = _beyond(ctx, applied, listed, to_applied) if ran is None else list(ran)
    if not beyond:
        return []
    commands = _commands(ctx, applied, listed, beyond)
    with uninterruptible(), short_lock_wait(ctx, lock_wait_before(ctx)):
        result = _run(ctx, commands)
    left = _left(ctx, to_applied, ran)
    if result.exit_code != 0 or left is None or left:
        raise NeedsPerson(
            "The migrations could not be rolled back",
            where=", ".join(left or ()) or "database",
            todo=_todo(ctx, result.text + result.error_text),
            details=last_lines(result),
        )
    ctx.say(f"{counted(len(beyond), 'migration')} rolled back")
    return beyond


def require_can_go_back(ctx: Context, backup: str) -> None:
    """Raise `Refused`, with the other ways, if the framework cannot roll migrations back."""
    if not ctx.framework.can_go_back:
        raise Refused(
            f"{ctx.framework.name} cannot roll migrations back",
            where=ctx.framework.source,
            todo=f"roll back the data as well: `cosmicdeploy rollback --to {backup}`; or the code"
            f" alone: `cosmicdeploy rollback --to {backup} --code-only`",
        )


def _commands(
    ctx: Context, applied: Sequence[str], listed: Listing | None, beyond: Sequence[str]
) -> list[list[str]]:
    stays = [name for name in applied if name not in beyond]
    try:
        return ctx.framework.commands_down(beyond, stays, listed)
    except CannotGoBackThere as error:
        raise Refused(
            f"The schema cannot be rolled back by {ctx.framework.name}: {error}",
            where="database",
            todo="choose a backup to roll back to: `cosmicdeploy rollback`",
        ) from error


def _run(ctx: Context, commands: Iterable[Sequence[str]]) -> ExecResult:
    """Run the commands, up to the first that fails; return the result of the last one that ran."""
    result = ExecResult(exit_code=0)
    for command in commands:
        result = changed_by(ctx, command)
        if result.exit_code != 0:
            break
    return result


def _left(ctx: Context, to_applied: Set[str], ran: Sequence[str] | None) -> list[str] | None:
    """Return what should have been rolled back, but was not; None if too much was rolled back."""
    if ran is not None:
        listed = listing(ctx)
        return sorted(set(ran) - set(listed.pending if listed else ran))
    now = set(_recorded(ctx))
    return sorted(now - to_applied) if now >= to_applied else None


def _todo(ctx: Context, output: str) -> str:
    """Return what to do about a rollback that failed.

    After a failed `rollback --migration`, the commands name the target backup by its ID, since
    `latest` is now the backup that the failed run itself made. After a failed undo of a deploy,
    there is no target backup to name.
    """
    target = ctx.run.target_backup
    again = f"rollback --migration --to {target.id}" if target else "deploy --abort"
    with_data = f": `cosmicdeploy rollback --to {target.id}`" if target else CHOOSE_BACKUP
    if ctx.framework.was_not_confirmed(output):
        return (
            "the console asks for confirmation in production: add"
            f" {ctx.framework.option_without_question} to {ctx.framework.place('down')}, then run"
            f" `cosmicdeploy {again}`"
        )
    return (
        "see which migrations are applied: `cosmicdeploy migrate`; to roll back the data as well"
        f"{with_data}"
    )


def applied_beyond(ctx: Context, target: Set[str]) -> list[str]:
    """Return the applied migrations that are not in `target`, oldest first.

    Raises `Refused` if rolling these back would not lead to `target`.
    """
    return _beyond(ctx, *_applied(ctx, target), target)


def _recorded(ctx: Context) -> list[str]:
    """Return the migrations in the framework's table, in the order in which they ran."""
    with open_facts(ctx.database()) as database:
        return list(database.applied_migrations())


def _applied(ctx: Context, target: Set[str]) -> tuple[list[str], Listing | None]:
    """Return the migrations that have run, oldest first, and the framework's list of migrations.

    The list is None if the table alone shows what has run beyond `target`. It does not if it has
    only the newest migration of each branch, and these are not those of `target`.
    """
    recorded = _recorded(ctx)
    is_enough = not ctx.framework.keeps_newest_only or set(recorded) == target
    listed = None if is_enough else listing(ctx)
    if listed is None:
        return recorded, None
    applied = ctx.framework.with_earlier(recorded, listed.parents)
    return [name for name in listed.parents if name in applied], listed


def _beyond(
    ctx: Context, applied: Sequence[str], listed: Listing | None, target: Set[str]
) -> list[str]:
    """Return the `applied` migrations that are not in `target`.

    Raises `Refused` if the framework cannot roll back exactly these.
    """
    stay = ctx.framework.with_earlier(sorted(target), listed.parents) if listed else target
    beyond = [name for name in applied if name not in stay]
    missing = sorted(stay - set(applied))
    if missing:
        raise Refused(
            f"The schema cannot be rolled back: {', '.join(missing)} is not applied",
            where="database",
            todo="choose a backup to roll back to: `cosmicdeploy rollback`",
        )
    if ctx.framework.rolls_back_the_last and list(applied[len(applied) - len(beyond) :]) != beyond:
        raise Refused(
            f"Other migrations were applied after {beyond[0]}, and would be rolled back instead",
            where="database",
            todo="choose a backup to roll back to: `cosmicdeploy rollback`",
        )
    return beyond
