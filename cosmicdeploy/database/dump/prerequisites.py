"""Prerequisites of a dump: refuse a schema that a dump would not reproduce exactly."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from cosmicdeploy.database.dump.exact_values import require_exact_values
from cosmicdeploy.database.dump.names import require_dumpable_names
from cosmicdeploy.database.dump_format.bodies import cut_objects
from cosmicdeploy.database.dump_format.recorded import unrecognized
from cosmicdeploy.database.schema.creatable import require_creatable
from cosmicdeploy.database.schema.definitions import Definition, Definitions
from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.database.schema.privileges import (
    TO_DUMP,
    require_privileges,
)
from cosmicdeploy.database.schema.recreate import broken_views
from cosmicdeploy.database.schema.tables.literals import (
    tables_with_hex_escapes,
    tables_with_lost_literals,
    triggers_on_escaped_literals,
)
from cosmicdeploy.database.vendors import Vendor
from cosmicdeploy.errors import BackupError
from cosmicdeploy.files.bounds import RECORD_BYTES

# A check that raises `BackupError` if it does not hold.
Requirement = Callable[[], object]
TRANSACTIONAL = "InnoDB"
# Half of the largest manifest that the deployer reads. The other half is for the rest of the
# manifest.
LARGEST_TEXTS = RECORD_BYTES // 2
# How many of the longest texts the error names.
LISTED = 5
# A dump holds only the definition of a table with one of these engines: the table's data is stored
# elsewhere, or not at all.
WITHOUT_DATA = frozenset({"CONNECT", "SPIDER", "FEDERATED", "MRG_MYISAM", "BLACKHOLE", "SPHINX"})

NO_BACKSLASH_ESCAPES = "NO_BACKSLASH_ESCAPES"
# The comment of a routine or an event, as the server writes it, up to its first escape.
ESCAPED_COMMENT = re.compile(
    r"(?:\n {4}| (?:ENABLE|DISABLE(?: ON \w+)?) )COMMENT '(?:[^'\\]|'')*\\"
)

# For each kind of refused tables: why a dump is refused, and what to do.
SEQUENCES = (
    "A consistent dump of sequences is not possible, and columns that use them name the schema",
    "use AUTO_INCREMENT instead, or move them to another schema",
)
VERSIONED = (
    "A dump leaves out the history of system-versioned tables",
    "ALTER TABLE … DROP SYSTEM VERSIONING, or back up their schema by other means",
)
UNKNOWN_KIND = ("Tables of an unknown kind cannot be dumped", "move them to another schema")
DATALESS = (
    "A dump leaves out the rows of tables whose data is stored elsewhere",
    "move them to another schema",
)
NOT_TRANSACTIONAL = (
    f"A dump of tables that are not {TRANSACTIONAL} is inconsistent",
    f"ALTER TABLE … ENGINE={TRANSACTIONAL}",
)


def prerequisites(facts: Facts, *, exact: bool = True) -> Iterator[Requirement]:
    """Yield each check of whether a dump would be a complete and consistent snapshot.

    Checks the user's privileges; names; the kinds of tables, their expressions and their foreign
    keys; and values in character sets that utf8mb4 does not cover. Checks that every view can be
    queried, and that each object can be created again from its text and settings. With `exact`,
    also refuses FLOAT values that a dump would round. Each check changes nothing and raises
    `BackupError`, or `DatabaseError` if a query fails.
    """
    yield partial(require_privileges, facts.session, [facts.schema], TO_DUMP)
    yield partial(require_dumpable_names, facts)
    yield partial(_require_dumpable_tables, facts)
    yield partial(_require_shown_expressions, facts)
    yield partial(_require_readable_escapes, facts)
    yield partial(_require_readable_expressions, facts)
    yield partial(require_working_views, facts)
    yield partial(require_exact_values, facts)
    if exact:
        yield partial(_require_exact_numbers, facts)
    definitions = facts.definitions()
    objects = definitions.objects
    yield partial(_require_whole_texts, definitions, facts.session.vendor)
    yield partial(_require_recordable, objects)
    yield partial(require_creatable, facts.session, objects)
    yield partial(_require_recognized, objects)
    yield partial(_require_readable_comments, objects)
    yield partial(_require_no_keys_across_schemas, facts)


def _require_dumpable_tables(facts: Facts) -> None:
    engines = facts.engines()
    kinds = facts.other_tables()
    dataless = {name: kind for name, kind in engines.items() if kind.upper() in WITHOUT_DATA}
    not_transactional = {name: kind for name, kind in engines.items() if kind != TRANSACTIONAL}
    refused = (
        (_of_kind(kinds, "SEQUENCE"), *SEQUENCES),
        (_of_kind(kinds, "SYSTEM VERSIONED"), *VERSIONED),
        (kinds, *UNKNOWN_KIND),
        (dataless, *DATALESS),
        (not_transactional, *NOT_TRANSACTIONAL),
    )
    for tables, why, todo in refused:
        if tables:
            named = ", ".join(f"{name} ({kind})" for name, kind in tables.items())
            raise BackupError(f"{why}: {named}", where=facts.session.where, todo=todo)


def _require_shown_expressions(facts: Facts) -> None:
    if facts.session.vendor.shows_all_literals:
        return
    if lost := tables_with_lost_literals(facts.session, facts.schema):
        raise BackupError(
            "A dump loses characters in expressions of tables that are not in utf8mb4:"
            f" {', '.join(lost)}",
            where=facts.session.where,
            todo="ALTER TABLE … CONVERT TO CHARACTER SET utf8mb4; or write each text in these"
            " expressions with a character beyond ASCII as CONVERT(0x… USING …)",
        )


def _require_readable_escapes(facts: Facts) -> None:
    if not facts.session.vendor.shows_hex_escapes:
        return
    if changed := tables_with_hex_escapes(facts.session, facts.schema):
        raise BackupError(
            "A restore would change control characters in expressions of tables, since the server"
            f" shows them in a form that it does not read: {', '.join(changed)}",
            where=facts.session.where,
            todo="ALTER TABLE …, with each such text written as CONVERT(0x… USING …)",
        )


def _require_readable_expressions(facts: Facts) -> None:
    if facts.session.vendor.reads_expressions_in_any_mode:
        return
    if unreadable := triggers_on_escaped_literals(facts.session, facts.schema):
        raise BackupError(
            f"A restore cannot create triggers under the sql_mode {NO_BACKSLASH_ESCAPES} on tables"
            f" with an escape in an expression: {', '.join(unreadable)}",
            where=facts.session.where,
            todo="create each trigger again under another sql_mode, or write each text in these"
            " expressions with a quote or backslash as CONVERT(0x… USING …)",
        )


def _require_exact_numbers(facts: Facts) -> None:
    if rounded := facts.rounded_columns():
        raise BackupError(
            f"A dump rounds FLOAT values to 6 digits: {', '.join(rounded)}",
            where=facts.session.where,
            todo="make them DOUBLE, or accept rounded values: backup.exact: false",
        )


def _require_whole_texts(definitions: Definitions, vendor: Vendor) -> None:
    if cut := cut_objects(definitions, vendor):
        raise BackupError(
            f"The server reports the text only up to a NUL character: {', '.join(cut)}",
            todo="create it again with CHAR(0) instead of the character",
        )


def _require_readable_comments(objects: Sequence[Definition]) -> None:
    """Refuse comments that the server writes with escapes, although their sql_mode knows none."""
    changed = [
        each.label
        for each in objects
        if NO_BACKSLASH_ESCAPES in each.sql_mode and ESCAPED_COMMENT.search(each.statement)
    ]
    if changed:
        raise BackupError(
            f"A restore would change comments under the sql_mode {NO_BACKSLASH_ESCAPES} that have a"
            f" backslash, a line end or a control character: {', '.join(changed)}",
            todo="ALTER … COMMENT without these characters, or create it again under another"
            " sql_mode",
        )


def _require_recordable(objects: Sequence[Definition]) -> None:
    """Refuse texts that would make the manifest larger than what the deployer reads."""
    sizes = {each.label: len(each.model_dump_json()) for each in objects}
    if sum(sizes.values()) > LARGEST_TEXTS:
        longest = sorted(sizes, key=sizes.__getitem__, reverse=True)[:LISTED]
        raise BackupError(
            f"The texts of views, routines, triggers and events take more than"
            f" {LARGEST_TEXTS >> 20} MiB, so no manifest can hold them",
            todo=f"drop or shorten the longest: {', '.join(longest)}",
        )


def _require_recognized(objects: Sequence[Definition]) -> None:
    if unknown := unrecognized(objects):
        raise BackupError(
            "The server describes objects in a form that no restore would recognize:"
            f" {', '.join(unknown)}",
            todo="create them again under names without line breaks",
        )


def _require_no_keys_across_schemas(facts: Facts) -> None:
    if keys := facts.keys_across_schemas():
        raise BackupError(
            f"A restore cannot replace tables with foreign keys across schemas: {', '.join(keys)}",
            where=facts.session.where,
            todo="drop these keys, or move the tables into one schema",
        )


def _of_kind(kinds: dict[str, str], sought: str) -> dict[str, str]:
    return {name: kind for name, kind in kinds.items() if kind == sought}


def require_working_views(facts: Facts) -> None:
    """Raise `BackupError` if a view cannot be queried, since a dump tool stops at such a view."""
    broken = broken_views(facts.session, facts.definitions())
    if broken:
        raise BackupError(
            f"A dump stops at views that cannot be queried: {', '.join(broken)}",
            where=facts.session.where,
            todo="restore what they refer to (a table, a column, a definer), or drop the views",
            details=tuple(broken.values()),
        )
