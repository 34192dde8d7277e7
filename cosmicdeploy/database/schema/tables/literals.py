"""Find string literals in the expressions of tables with which a restore goes wrong.

MySQL shows a literal with its character set, as in `_latin1'…'`, but sends the literal's bytes as
if they were UTF-8. Each byte that is not valid UTF-8 arrives as a question mark. A table created
from the dump then computes other values, without an error.
"""

from __future__ import annotations

import re

from cosmicdeploy.database.schema.tables.table_texts import read_table_texts
from cosmicdeploy.database.session import Session

# A literal that the server shows with an escape.
ESCAPED = re.compile(r"_\w+'(?:[^'\\]|'')*\\")
HEX_ESCAPE = re.compile(r"_\w+'(?:[^'\\]|\\[^x]|'')*\\x[0-9A-Fa-f]{2}")
LOST = re.compile(r"_(?!utf8)\w+'(?:[^'\\?]|\\.|'')*\?")
# The expressions of a schema, of which the server stores a correct copy in UTF-8.
EXPRESSIONS = (
    "SELECT table_name, CONCAT_WS(' ', generation_expression, column_default)"
    " FROM information_schema.columns WHERE table_schema = %s",
    "SELECT table_name, expression FROM information_schema.statistics"
    " WHERE table_schema = %s AND expression IS NOT NULL",
    "SELECT table_name, check_clause FROM information_schema.check_constraints"
    " JOIN information_schema.table_constraints USING (constraint_schema, constraint_name)"
    " WHERE constraint_schema = %s",
    "SELECT table_name, CONCAT_WS(' ', partition_expression, partition_description)"
    " FROM information_schema.partitions WHERE table_schema = %s AND partition_name IS NOT NULL",
)


def tables_with_lost_literals(session: Session, schema: str) -> tuple[str, ...]:
    """Return the tables for which SHOW CREATE TABLE shows a literal with lost characters.

    Raises `DatabaseError`.
    """
    suspects = {
        table
        for query in EXPRESSIONS
        for table, text in session.rows(query, schema)
        if text is not None and not str(text).isascii()
    }
    if not suspects:
        return ()
    texts = read_table_texts(session, schema)
    return tuple(name for name in sorted(suspects) if LOST.search(texts.get(name, "")))


def tables_with_hex_escapes(session: Session, schema: str) -> tuple[str, ...]:
    """Return the tables for which SHOW CREATE TABLE shows a literal with an escape such as `\\x08`.

    MariaDB shows it for a control character in an expression, but reads it as the letter x and two
    digits. Raises `DatabaseError`.
    """
    texts = read_table_texts(session, schema)
    return tuple(name for name, text in sorted(texts.items()) if HEX_ESCAPE.search(text))


def triggers_on_escaped_literals(session: Session, schema: str) -> tuple[str, ...]:
    """Return the triggers under NO_BACKSLASH_ESCAPES on tables with an escape in an expression.

    Each is returned as "trigger on table". To create a trigger, MySQL opens its table and parses
    its expressions under the trigger's sql_mode, which takes the escape for two characters.
    Raises `DatabaseError`.
    """
    triggers = session.rows(
        "SELECT trigger_name, event_object_table FROM information_schema.triggers"
        " WHERE trigger_schema = %s AND FIND_IN_SET('NO_BACKSLASH_ESCAPES', sql_mode)",
        schema,
    )
    texts = read_table_texts(session, schema) if triggers else {}
    return tuple(
        f"{name} on {table}"
        for name, table in sorted(triggers)
        if ESCAPED.search(texts.get(table, ""))
    )
