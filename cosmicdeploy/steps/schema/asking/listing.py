"""Ask the framework which migrations there are, and which of them have not run."""

from __future__ import annotations

from cosmicdeploy.context.context import Context
from cosmicdeploy.database.schema.facts import open_facts
from cosmicdeploy.engine.facts import ExecResult
from cosmicdeploy.errors import CosmicError, MigrationFailed, MissingMigrations, NotConfigured
from cosmicdeploy.migrations.frameworks.answers.listing import (
    Answer,
    Listing,
    MissingFiles,
    NotFitting,
)
from cosmicdeploy.steps.commands.new_image import last_lines
from cosmicdeploy.steps.schema.asking.commands import asked, image_of_migrations, service_of
from cosmicdeploy.text.sanitize import sanitized
from cosmicdeploy.text.shorten import cut

# How much an error quotes of an answer that does not fit: lines, and characters of all these lines.
FIRST_LINES = 3
FIRST_CHARACTERS = 200


def listing(ctx: Context) -> Listing | None:
    """Return the migrations that the framework lists; None if they are the first of the schema.

    Returns None if the framework says that its table does not exist, if it may not be asked without
    that table, or if something is pending for a schema without a table.

    Raises `DatabaseError` if the database does not answer; `MigrationFailed` if the framework lists
    no migrations, or lists them in another form than its file describes; `MissingMigrations` if the
    image lacks files of migrations that have run; `NotConfigured` if no framework runs migrations.
    """
    framework, pending = ctx.framework, ctx.framework.definition.pending
    if pending is None:
        raise none_is_run(ctx)
    # First, since the console may wait for a paused database without a limit of its own.
    with open_facts(ctx.database()) as database:
        database.ping()
        if framework.needs_its_table and not database.has_bookkeeping():
            return None
        recorded = list(database.applied_migrations())
        is_empty = not database.has_bookkeeping() and not database.engines()
    result = asked(ctx, framework.command(pending.command))
    if pending.is_absent(result.text + result.error_text):
        return None
    if not pending.has_answered(result.exit_code):
        raise _failed(ctx, result)
    try:
        answer = Answer(text=result.text, exit_code=result.exit_code, recorded=recorded)
        found = pending.form.listing(answer)
    except NotFitting as error:
        raise _not_fitting(ctx, result, error) from error
    return None if is_empty and found.pending else found


def listing_once(ctx: Context) -> Listing | None:
    """Return what `listing` does; cached by image until a step changes something."""
    image = image_of_migrations(ctx)
    image_id, cached = image.id if image else "", ctx.lookup_cache.listed_migrations
    if image_id not in cached:
        cached[image_id] = listing(ctx)
    return cached[image_id]


def none_is_run(ctx: Context) -> CosmicError:
    """Return the error for a stack whose migrations no framework runs."""
    return NotConfigured(
        f"No migration is run for this stack: {ctx.why_no_migrations}",
        where=str(ctx.loaded.file),
        todo="name what runs the application's migrations in migrate.framework"
        " (docs/migrations.md), or set app.console if it is Laravel",
    )


def _failed(ctx: Context, result: ExecResult) -> CosmicError:
    return MigrationFailed(
        "The state of the migrations cannot be read",
        where=_command(ctx),
        todo="run the command by hand in an app container",
        details=last_lines(result),
    )


def _not_fitting(ctx: Context, result: ExecResult, error: NotFitting) -> CosmicError:
    if isinstance(error, MissingFiles):
        return MissingMigrations(
            f"The image of {service_of(ctx)} has no file of {error}, which has run",
            where=_command(ctx),
            todo="deploy a release that has it; or, in such a release, roll it back first:"
            " `cosmicdeploy rollback`",
        )
    return MigrationFailed(
        f"The list of migrations is not as the file of {ctx.framework.name} describes it:"
        f" {sanitized(str(error))}; it begins with: {_beginning(result)}",
        where=ctx.framework.source,
        todo="correct `pending` in a copy of this file, and name the copy in migrate.framework"
        " (docs/migrations.md); or see why the command prints something else: "
        f"`{_command(ctx)}`",
        details=last_lines(result),
    )


def _beginning(result: ExecResult) -> str:
    """Return the first lines of a command's output in one line; "nothing" if it printed nothing."""
    output = result.stdout.strip() or result.stderr.strip()
    text = output[: FIRST_LINES * FIRST_CHARACTERS]  # enough for the quotation
    lines = [line.strip() for line in text.decode("utf-8", "replace").splitlines() if line.strip()]
    return cut(sanitized(" / ".join(lines[:FIRST_LINES])), FIRST_CHARACTERS) or "nothing"


def _command(ctx: Context) -> str:
    pending = ctx.framework.definition.pending
    return " ".join(ctx.framework.command(pending.command if pending else ()))
