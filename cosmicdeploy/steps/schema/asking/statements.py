"""Ask the framework for the SQL of pending migrations."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from cosmicdeploy.context.context import Context
from cosmicdeploy.database.schema.facts import open_facts
from cosmicdeploy.engine.facts import ExecResult
from cosmicdeploy.migrations.frameworks.answers.listing import Listing, NotFitting
from cosmicdeploy.migrations.frameworks.sql import Shown
from cosmicdeploy.steps.commands.new_image import last_lines
from cosmicdeploy.steps.schema.asking.commands import asked
from cosmicdeploy.steps.schema.asking.listing import listing_once

MIGHT_RUN = "to ask for its SQL might run a part of it"


class NotShown(Exception):
    """The framework does not show the SQL; the message says why."""


def shown_statements(ctx: Context, names: Sequence[str]) -> Mapping[str, Sequence[Shown] | str]:
    """Return the statements of each of these migrations, or a text that says why they are unknown.

    Among the statements, None stands for a part of the migration that no SQL shows.
    """
    if not ctx.framework.shows_sql:
        return dict.fromkeys(names, "the console cannot show its SQL")
    try:
        with open_facts(ctx.database()) as database:
            command = ctx.framework.sql_of_all(list(database.applied_migrations()))
        if command is None:
            return _of_each(ctx, names)
        text = _text(ctx, ctx.framework.command(command))
        return ctx.framework.statements_of_all(text, names)
    except (NotShown, NotFitting) as error:
        return dict.fromkeys(names, str(error))


def _of_each(ctx: Context, names: Sequence[str]) -> Mapping[str, Sequence[Shown] | str]:
    listed = listing_once(ctx) or Listing(names=(), pending=())
    may_be_asked = _may_be_asked(ctx, names)
    return {
        name: _of_one(ctx, name, listed) if name in may_be_asked else MIGHT_RUN for name in names
    }


def _may_be_asked(ctx: Context, names: Sequence[str]) -> Collection[str]:
    """Return the migrations whose SQL can be asked for without running a part of them."""
    precaution = ctx.framework.precaution
    if precaution is None:
        return names
    return precaution.allowed(_text(ctx, ctx.framework.command(precaution.command)))


def _of_one(ctx: Context, name: str, listed: Listing) -> Sequence[Shown] | str:
    try:
        text = _text(ctx, ctx.framework.sql_of_each(name, listed))
        return ctx.framework.statements_of_each(text)
    except (NotShown, NotFitting) as error:
        return str(error)


def _text(ctx: Context, command: Sequence[str]) -> str:
    """Return what a command prints; raises `NotShown` if the command fails."""
    result: ExecResult = asked(ctx, command)
    if result.exit_code != 0:
        last = (*last_lines(result, 1), "no output")[0]
        raise NotShown(f"the console failed to show its SQL: {last}")
    return result.text
