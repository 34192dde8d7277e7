"""Checksums of the rows of tables, to compare copies of a table, also on different servers.

For each row, the CRC32 of each value is computed, and then the CRC32 of all these. The checksum of
a table is the sum over its rows, so the order of the rows does not matter. Generated columns are
left out, since the server fills them. Unlike CHECKSUM TABLE, this checksum depends neither on the
server's version nor on how a table stores rows, and the same query counts the rows. Measured on two
cores: 1.8 s for 1,700,000 rows of nine columns, against 1.2 s for CHECKSUM TABLE and 0.3 s for a
count.
"""

from __future__ import annotations

from dataclasses import dataclass

from cosmicdeploy.database.access import quoted
from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.database.session import Session, is_refusal
from cosmicdeploy.errors import DatabaseError

# The prefix of each checksum. It changes with the definition of the checksum, so that checksums of
# different definitions are never compared.
DEFINITION = "crc32-sum"
COLUMNS = (
    "SELECT table_name, column_name, is_nullable, data_type FROM information_schema.columns"
    " WHERE table_schema = %s AND table_name = %s"
    " AND extra NOT REGEXP 'VIRTUAL|STORED|PERSISTENT' ORDER BY ordinal_position"
)


@dataclass(frozen=True, kw_only=True)
class Rows:
    """The exact number of rows of a table, and their checksum ("" if there is none)."""

    count: int
    checksum: str = ""


def checksum_rows(session: Session, schema: str, table: str) -> Rows:
    """Return the number of rows of a table, and their checksum.

    The checksum is "" if the server cannot compute it for a column of the table. Raises
    `DatabaseError`.
    """
    columns = session.rows(COLUMNS, schema, table)
    values = ", ".join(
        _checksum_of(str(name), str(kind), nullable == "YES")
        for owner, name, nullable, kind in columns
        if owner == table  # the server also finds a table whose name differs in case or accents
    )
    query = (
        f"SELECT COUNT(*), COALESCE(SUM(CRC32(CONCAT_WS(',', {values}))), 0)"  # noqa: S608 - quoted
        f" FROM {quoted(schema)}.{quoted(table)}"
    )
    try:
        [(count, total)] = session.rows(query)
    except DatabaseError as error:
        if not is_refusal(error):
            raise
        return Rows(count=Facts(session, schema).count(table))
    return Rows(count=int(count), checksum=f"{DEFINITION}:{int(total)}")


def are_comparable(one: str, other: str) -> bool:
    """Return whether two checksums exist and have the same definition."""
    return bool(one and other) and one.partition(":")[0] == other.partition(":")[0]


def _checksum_of(column: str, kind: str, is_nullable: bool) -> str:
    # The text of a TIMESTAMP depends on the time zone of the session.
    value = f"UNIX_TIMESTAMP({quoted(column)})" if kind == "timestamp" else quoted(column)
    crc = f"CRC32({value})"
    return f"IFNULL({crc}, '-')" if is_nullable else crc
