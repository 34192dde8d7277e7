"""The digest of a schema's structure, to detect a change or to compare two schemas."""

from __future__ import annotations

import hashlib
import json

from cosmicdeploy.database.schema.tables.table_texts import read_table_texts
from cosmicdeploy.database.session import Session

# The queries read no schema names, so that a restored copy has the same digest as its original.
# They read no counters and statistics, since these change with the data. Names that are equal by
# the server's collation are ordered by their bytes, so that the order is always the same.
QUERIES = (
    "SELECT table_name, table_type, engine, table_collation FROM information_schema.tables"
    " WHERE table_schema = %s ORDER BY table_name, CAST(table_name AS BINARY)",
    "SELECT table_name, ordinal_position, column_name, column_type, is_nullable, column_default,"
    " character_set_name, collation_name, extra, generation_expression, column_comment"
    " FROM information_schema.columns WHERE table_schema = %s"
    " ORDER BY table_name, CAST(table_name AS BINARY), ordinal_position",
    "SELECT table_name, index_name, seq_in_index, column_name, non_unique, sub_part, index_type"
    " FROM information_schema.statistics WHERE table_schema = %s"
    " ORDER BY table_name, CAST(table_name AS BINARY), index_name, CAST(index_name AS BINARY),"
    " seq_in_index",
    "SELECT table_name, constraint_name, constraint_type"
    " FROM information_schema.table_constraints WHERE table_schema = %s"
    " ORDER BY table_name, CAST(table_name AS BINARY), constraint_name,"
    " CAST(constraint_name AS BINARY), constraint_type",
    "SELECT table_name, constraint_name, ordinal_position, column_name, referenced_table_name,"
    " referenced_column_name FROM information_schema.key_column_usage WHERE table_schema = %s"
    " ORDER BY table_name, CAST(table_name AS BINARY), constraint_name,"
    " CAST(constraint_name AS BINARY), ordinal_position",
    "SELECT table_name, constraint_name, update_rule, delete_rule, referenced_table_name"
    " FROM information_schema.referential_constraints WHERE constraint_schema = %s"
    " ORDER BY table_name, CAST(table_name AS BINARY), constraint_name,"
    " CAST(constraint_name AS BINARY)",
    "SELECT constraint_name, check_clause FROM information_schema.check_constraints"
    " WHERE constraint_schema = %s ORDER BY constraint_name, CAST(constraint_name AS BINARY),"
    " check_clause, CAST(check_clause AS BINARY)",
)


# The prefix of a digest that was computed from the tables' texts. A digest of the queries' results
# has no prefix.
TEXTS = "texts:"


def schema_digest(session: Session, schema: str, comparable_with: str | None = None) -> str:
    """Return the SHA-256 (hex) of the definitions of tables, columns, indexes and constraints.

    If `comparable_with` is a recorded digest, the result is computed in the same way as that
    digest, so that both can be compared: for MySQL, earlier versions of the deployer computed the
    digest from the queries' results. Raises `DatabaseError`.
    """
    reads_texts = not session.vendor.lists_expressions
    if comparable_with:
        reads_texts = comparable_with.startswith(TEXTS)
    if reads_texts:
        return TEXTS + _sha256(read_table_texts(session, schema))
    return _sha256([session.rows(query, schema) for query in QUERIES])


def _sha256(results: object) -> str:
    return hashlib.sha256(json.dumps(results, default=str).encode()).hexdigest()
