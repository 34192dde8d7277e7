"""Prerequisites of a dump: refuse a schema that a dump would not reproduce exactly."""

from __future__ import annotations

from cosmicdeploy.database.dump_format.bodies import require_loadable_bodies
from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.database.schema.privileges import (
    TO_DUMP,
    require_privileges,
)
from cosmicdeploy.database.schema.recreate import broken_views, require_creatable
from cosmicdeploy.errors import BackupError

TRANSACTIONAL = "InnoDB"
# A dump holds only the definition of such tables: their data is elsewhere, or nowhere.
WITHOUT_DATA = frozenset({"CONNECT", "SPIDER", "FEDERATED", "MRG_MYISAM", "BLACKHOLE", "SPHINX"})

# Reasons for refusing tables, and what to do about it.
SEQUENCES = (
    "Sequences are bound to the schema's name and not part of a snapshot",
    "use AUTO_INCREMENT, or move them to a schema of their own",
)
VERSIONED = (
    "A dump leaves out the history of system-versioned tables",
    "ALTER TABLE … DROP SYSTEM VERSIONING, or back their schema up by other means",
)
OTHERS = ("Tables of an unknown kind", "move them to a schema of their own")
DATALESS = (
    "A dump leaves out the data of tables that lie elsewhere",
    "move them to a schema of their own",
)
MIXED = (
    f"A dump of tables that are not {TRANSACTIONAL} is inconsistent",
    f"ALTER TABLE … ENGINE={TRANSACTIONAL}",
)


def require_dumpable(facts: Facts, *, exact: bool = True) -> None:
    """Raise `BackupError` if a dump would not be a complete and consistent snapshot.

    Checks the user's privileges, and that every object could be created again from its text; with
    `exact` also that no FLOAT value would be rounded.
    """
    require_privileges(facts.session, [facts.schema], TO_DUMP)
    _require_dumpable_tables(facts)
    require_working_views(facts)
    if exact:
        _require_exact_numbers(facts)
    objects = facts.definitions().objects
    require_creatable(objects)
    require_loadable_bodies(objects)


def _require_dumpable_tables(facts: Facts) -> None:
    engines = facts.engines()
    kinds = facts.other_tables()
    empty = {name: kind for name, kind in engines.items() if kind.upper() in WITHOUT_DATA}
    mixed = {name: kind for name, kind in engines.items() if kind != TRANSACTIONAL}
    refused = (
        (_of_kind(kinds, "SEQUENCE"), *SEQUENCES),
        (_of_kind(kinds, "SYSTEM VERSIONED"), *VERSIONED),
        (kinds, *OTHERS),
        (empty, *DATALESS),
        (mixed, *MIXED),
    )
    for tables, why, todo in refused:
        if tables:
            named = ", ".join(f"{name} ({kind})" for name, kind in tables.items())
            raise BackupError(f"{why}: {named}", where=facts.session.where, todo=todo)


def _require_exact_numbers(facts: Facts) -> None:
    if rounded := facts.rounded_columns():
        raise BackupError(
            f"A dump rounds FLOAT values to 6 digits: {', '.join(rounded)}",
            where=facts.session.where,
            todo="make them DOUBLE, or live with it: backup.exact: false",
        )


def _of_kind(kinds: dict[str, str], sought: str) -> dict[str, str]:
    return {name: kind for name, kind in kinds.items() if kind == sought}


def require_working_views(facts: Facts) -> None:
    """Raise `BackupError` if a view cannot be read: the dump tool stops at it."""
    broken = broken_views(facts.session, facts.definitions())
    if broken:
        raise BackupError(
            f"Views that cannot be read: {', '.join(broken)}",
            where=facts.session.where,
            todo="make what they read again (a table, a column, a definer), or drop them",
            details=tuple(broken.values()),
        )
