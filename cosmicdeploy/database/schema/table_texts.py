"""The statements that create tables, in the server's own words."""

from __future__ import annotations

import re

from cosmicdeploy.database.access import quoted
from cosmicdeploy.database.session import Session

# The counter of AUTO_INCREMENT changes with the rows. The server writes no line break within a
# line of a table's text, so this is never a part of a comment.
COUNTER = re.compile(r"(\n\) (?:/\*!\d+ TABLESPACE [^\n]*?\*/ )?ENGINE=\w+) AUTO_INCREMENT=\d+")


def read_table_texts(session: Session, schema: str) -> dict[str, str]:
    """Return table → the statement that creates it, without the counter of AUTO_INCREMENT.

    Bytes that are not UTF-8 are written as `\\xff`. Raises `DatabaseError`.
    """
    rows = session.rows(
        "SELECT table_name FROM information_schema.tables"
        " WHERE table_schema = %s AND table_type = 'BASE TABLE'",
        schema,
    )
    return {name: _text(session, schema, name) for (name,) in sorted(rows)}


def _text(session: Session, schema: str, table: str) -> str:
    row = session.raw_row(f"SHOW CREATE TABLE {quoted(schema)}.{quoted(table)}")
    return COUNTER.sub(r"\1", row["Create Table"].decode("utf-8", "backslashreplace"))
