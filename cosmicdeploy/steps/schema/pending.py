"""The pending migrations, and whether they may destroy data."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from shlex import quote

from cosmicdeploy.context.context import Context
from cosmicdeploy.database.schema.facts import open_facts
from cosmicdeploy.database.schema.tables.shape import Shape, read_shape
from cosmicdeploy.errors import Refused
from cosmicdeploy.migrations.applied import UnrecordedMigration, applied_states
from cosmicdeploy.migrations.names import summarize_names
from cosmicdeploy.migrations.preview import Statement, preview, unknown_statement
from cosmicdeploy.steps.schema.asking.listing import listing, listing_once
from cosmicdeploy.steps.schema.asking.statements import shown_statements

# A name that YAML surely reads as text.
PLAIN = re.compile(r"[\w.-]*_[\w.-]*[A-Za-z][\w.-]*", re.ASCII)


def pending_names(ctx: Context) -> list[str] | None:
    """Return the migrations that have not run, oldest first; None if nothing has ever run.

    Raises `MigrationFailed` if the framework does not list them.
    """
    listed = listing(ctx)
    return None if listed is None else list(listed.pending)


def require_files(ctx: Context, names: Sequence[str]) -> None:
    """Raise `Refused` if a migration to be rolled back has no file.

    The console would skip such a migration and report success.
    """
    listed = listing(ctx)
    missing = sorted(set(names) - set(listed.names if listed else ()))
    if missing:
        raise Refused(
            f"{summarize_names(missing)} cannot be rolled back: it has no file",
            where="migrations",
            todo="put the file back where the containers see it (a mounted folder hides the files"
            " of the image), or roll back the data as well: leave out --migration",
        )


def pending_names_once(ctx: Context) -> list[str] | None:
    """Return what `pending_names` does; cached by image until a step changes something."""
    listed = listing_once(ctx)
    return None if listed is None else list(listed.pending)


def parents_once(ctx: Context) -> dict[str, list[str]]:
    """Return the migrations that must run before each pending one, if the framework shows them.

    Cached as in `pending_names_once`.
    """
    listed = listing_once(ctx)
    if listed is None:
        return {}
    return {name: list(listed.parents[name]) for name in listed.pending if name in listed.parents}


def unknown_allowed(ctx: Context) -> list[str]:
    """Return the names given by --allow that are not among the migrations."""
    listed = listing_once(ctx) if ctx.run.allowed_migrations else None
    if listed is None:
        return []
    return sorted(ctx.run.allowed_migrations - set(listed.names))


def pending_statements(ctx: Context, names: Sequence[str]) -> list[Statement]:
    """Return the statements of pending migrations, judged against the live schema.

    If the framework cannot show the SQL of a migration, returns an unknown statement for it.
    """
    if not names:
        return []
    shown = shown_statements(ctx, names)
    if all(isinstance(each, str) for each in shown.values()):
        return [unknown_statement(name, str(why)) for name, why in shown.items()]
    return preview(shown, live_shape(ctx), complete=ctx.framework.shows_all_changes)


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
    options = " ".join(f"--allow {quote(name)}" for name in names)
    raise Refused(
        f"{summarize_names(names)} may destroy data and is not allowed: {harmful[0].why}",
        where="migrations",
        todo=f"correct it, or allow it by name: `cosmicdeploy deploy {options}`, or in "
        f"cosmicdeploy.yaml migrate.allow: [{', '.join(map(_in_yaml, names))}]",
        details=[f"{s.migration}: {s.line}" for s in harmful],
    )


def _in_yaml(name: str) -> str:
    """Return a name as YAML reads it as text: a number, such as a version, needs quotes."""
    return name if PLAIN.fullmatch(name) else "'" + name.replace("'", "''") + "'"


def counted(statements: Sequence[Statement]) -> str:
    """Return the number of statements of each kind as text, the most dangerous kind first."""
    counts = Counter(s.kind for s in statements)
    return ", ".join(f"{counts[kind]} {kind}" for kind in sorted(counts, key=lambda k: -k.danger))
