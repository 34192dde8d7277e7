"""Ask the application's console for pending migrations, and judge whether they may destroy data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from cosmicdeploy.context.context import Context
from cosmicdeploy.database.schema.facts import open_facts
from cosmicdeploy.database.schema.tables.shape import Shape, read_shape
from cosmicdeploy.errors import MigrationFailed, Refused
from cosmicdeploy.migrations import pretend, status
from cosmicdeploy.migrations.applied import UnrecordedMigration, applied_states
from cosmicdeploy.migrations.preview import Statement, preview, unknown_statement
from cosmicdeploy.steps.commands.new_image import in_new_image, last_lines


def pending_names(ctx: Context) -> list[str] | None:
    """Return the migrations that have not run, oldest first; None if no migrations table exists.

    Raises `MigrationFailed` if the console does not list them.
    """
    output = _status(ctx)
    return None if output is None else status.pending(output)


def require_files(ctx: Context, names: Sequence[str]) -> None:
    """Raise `Refused` if a migration to be rolled back has no file.

    The console would skip such a migration and report success.
    """
    missing = sorted(set(names) - set(status.names(_status(ctx) or "")))
    if missing:
        raise Refused(
            f"{status.summarize_names(missing)} cannot be rolled back: it has no file",
            where="migrations",
            todo="put the file back where the containers see it (a mounted folder hides the files"
            " of the image), or roll back the data as well: leave out --migration",
        )


def _status(ctx: Context) -> str | None:
    """Return the console's list of migrations; None if no migrations table exists.

    Raises `DatabaseError` if the database does not answer, `MigrationFailed` if the console fails.
    """
    # Check the database first: the console may wait for a paused database without a limit.
    with open_facts(ctx.database()) as database:
        database.ping()
    result = in_new_image(ctx, ctx.settings.migrate.status, only_reads=True)
    if status.NO_TABLE in result.text + result.error_text:
        return None
    if result.exit_code != 0 or not status.is_status(result.text):
        raise MigrationFailed(
            "The state of the migrations cannot be read",
            where=" ".join(ctx.console(*ctx.settings.migrate.status)),
            todo="run the command by hand in an app container",
            details=last_lines(result),
        )
    return result.text


def pending_names_once(ctx: Context) -> list[str] | None:
    """Return the same as `pending_names`; cached by image until a step changes something."""
    output = _status_once(ctx)
    return None if output is None else status.pending(output)


def unknown_allowed(ctx: Context) -> list[str]:
    """Return the names given by --allow that are not in the console's list of migrations."""
    output = _status_once(ctx) if ctx.run.allowed_migrations else None
    return [] if output is None else sorted(ctx.run.allowed_migrations - set(status.names(output)))


def _status_once(ctx: Context) -> str | None:
    image = ctx.image_of(ctx.settings.services.app[0])
    image_id, cached = image.id if image else "", ctx.lookup_cache.migration_status
    if image_id not in cached:
        cached[image_id] = _status(ctx)
    return cached[image_id]


def pending_statements(ctx: Context, names: Sequence[str]) -> list[Statement]:
    """Return the statements of pending migrations, judged against the live schema.

    If the console cannot show the SQL, returns one unknown statement for each migration.
    """
    if not names:
        return []
    command = ctx.settings.migrate.pretend
    if command is None:
        return [unknown_statement(name, "the console cannot show its SQL") for name in names]
    result = in_new_image(ctx, command, only_reads=True)
    if result.exit_code != 0:
        last = (*last_lines(result, 1), "no output")[0]
        return [
            unknown_statement(name, f"the console failed to show its SQL: {last}") for name in names
        ]
    return preview(pretend.statements(result.text, names), live_shape(ctx))


def begun_already(ctx: Context, names: Sequence[str]) -> list[UnrecordedMigration]:
    """Return which changes of these pending migrations the live schema already has."""
    return applied_states(pending_statements(ctx, names), live_shape(ctx))


def live_shape(ctx: Context) -> Shape:
    """Return the tables and views of the live schema."""
    with open_facts(ctx.database()) as database:
        return read_shape(database.session, database.schema)


def refused(ctx: Context, statements: Sequence[Statement]) -> list[Statement]:
    """Return the statements that may destroy data, of migrations that are not allowed by name."""
    allowed = ctx.run.allowed_migrations | set(ctx.settings.migrate.allow)
    return [s for s in statements if s.is_refused and s.migration not in allowed]


def require_allowed(ctx: Context, statements: Sequence[Statement]) -> None:
    """Raise `Refused` if a migration may destroy data and is not allowed by name.

    The error names the options that allow the migration.
    """
    harmful = refused(ctx, statements)
    if not harmful:
        return
    names = list(dict.fromkeys(s.migration for s in harmful))
    options = " ".join(f"--allow {name}" for name in names)
    raise Refused(
        f"{status.summarize_names(names)} may destroy data and is not allowed: {harmful[0].why}",
        where="migrations",
        todo=f"correct it, or allow it by name: `cosmicdeploy deploy {options}`, or in "
        f"cosmicdeploy.yaml migrate.allow: [{', '.join(names)}]",
        details=[f"{s.migration}: {s.line}" for s in harmful],
    )


def counted(statements: Sequence[Statement]) -> str:
    """Return the number of statements of each kind as text, the most dangerous kind first."""
    counts = Counter(s.kind for s in statements)
    return ", ".join(f"{counts[kind]} {kind}" for kind in sorted(counts, key=lambda k: -k.danger))
