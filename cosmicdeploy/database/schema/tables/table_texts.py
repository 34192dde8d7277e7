"""The statements that create tables, in the server's own words."""

from __future__ import annotations

import re

from cosmicdeploy.database.access import quoted
from cosmicdeploy.database.session import Session

# The counter of AUTO_INCREMENT, which changes with the rows. The server escapes line breaks in
# comments, so this pattern never matches within a comment.
COUNTER = re.compile(r"(\n\) (?:/\*!\d+ TABLESPACE [^\n]*?\*/ )?ENGINE=\w+) AUTO_INCREMENT=\d+")


def read_table_texts(session: Session, schema: str) -> dict[str, str]:
    """Return table → the statement that creates it, without the counter of AUTO_INCREMENT.

    Words that the server may show only for a copy of the table are left out too
    (`Vendor.implied_charset`). Raises `DatabaseError`.
    """
    rows = session.rows(
        "SELECT table_name FROM information_schema.tables"
        " WHERE table_schema = %s AND table_type = 'BASE TABLE'",
        schema,
    )
    return {name: _text(session, schema, name) for (name,) in sorted(rows)}


def _text(session: Session, schema: str, table: str) -> str:
    row = session.row(f"SHOW CREATE TABLE {quoted(schema)}.{quoted(table)}")
    text = COUNTER.sub(r"\1", str(row["Create Table"]))
    implied = session.vendor.implied_charset
    return re.sub(implied, "", text) if implied else text
