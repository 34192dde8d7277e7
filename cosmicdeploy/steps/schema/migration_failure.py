"""The error for failed migrations, with advice on what to do."""

from __future__ import annotations

import re

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import ExecResult
from cosmicdeploy.errors import MigrationFailed
from cosmicdeploy.steps.commands.new_image import last_lines
from cosmicdeploy.steps.schema.lock_wait import TIMED_OUT

# The server's errors when a migration creates something that exists already.
ALREADY_EXISTS = re.compile(r"already exists|duplicate (?:column|key) name", re.IGNORECASE)


def migration_failure(ctx: Context, result: ExecResult) -> MigrationFailed:
    """Return the error for a failed migrate command, according to its output."""
    where = " ".join(ctx.framework.command(ctx.framework.definition.run))
    if TIMED_OUT in result.text + result.error_text:
        seconds = ctx.settings.migrate.lock_wait
        return MigrationFailed(
            "A migration timed out while it waited for the lock of a table in use",
            where=where,
            todo="deploy again once the table is free, or raise migrate.lock_wait"
            f" (now {seconds} s); while a migration waits, requests to the table wait too",
            details=last_lines(result),
        )
    return MigrationFailed(
        f"The migrations failed (exit code {result.exit_code})",
        where=where,
        todo=_todo(ctx, result.text + result.error_text),
        details=last_lines(result),
    )


def _todo(ctx: Context, output: str) -> str:
    if ctx.framework.was_not_confirmed(output):
        option, place = ctx.framework.option_without_question, ctx.framework.place("run")
        return f"the console asks for confirmation in production: add {option} to {place}"
    if ALREADY_EXISTS.search(output):
        return "a migration may have been run by hand: see `cosmicdeploy diagnose migration`"
    return "correct the migration and deploy again"
