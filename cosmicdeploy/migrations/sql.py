"""Parse statements in MySQL's dialect, and show them without data."""

from __future__ import annotations

import logging
import re

import sqlglot
from sqlglot import TokenType, exp
from sqlglot.errors import SqlglotError

DIALECT = "mysql"
# The server runs the text of such comments; parsers ignore it.
EXECUTED_COMMENT = re.compile(r"/\*M?!")
# Not a comment to the server, which requires a blank after the dashes.
NOT_A_COMMENT = re.compile(r"--(?=\S)")
# In these statements strings are defaults, comments and the values of an enum, and no rows.
STRUCTURE = re.compile(r"\s*(create|alter)\s+table\b(?!.*\bselect\b)", re.IGNORECASE | re.DOTALL)
# sqlglot warns about statements that it only keeps as text; they are judged here.
logging.getLogger("sqlglot").setLevel(logging.ERROR)


class NotUnderstood(Exception):
    """Raised for a statement that cannot be judged; the message says why."""


def parse(sql: str) -> list[exp.Expr]:
    """Parse the statements in a text. Raises `NotUnderstood`."""
    plain = without_strings(sql)
    if EXECUTED_COMMENT.search(plain):
        raise NotUnderstood("it has a comment that the server executes")
    if NOT_A_COMMENT.search(plain):
        raise NotUnderstood("it has two dashes that may or may not begin a comment")
    try:
        return [tree for tree in sqlglot.parse(sql, dialect=DIALECT) if tree is not None]
    except SqlglotError as error:
        raise NotUnderstood("it cannot be parsed") from error


def without_strings(sql: str) -> str:
    """Return the text without the content of its strings: records must not hold values of rows."""
    try:
        tokens = sqlglot.tokenize(sql, read=DIALECT)
    except SqlglotError:
        return sql.split(maxsplit=1)[0] + " …" if sql.split() else ""
    for token in reversed(tokens):
        if token.token_type is TokenType.STRING:
            sql = sql[: token.start] + "'…'" + sql[token.end + 1 :]
    return sql


def shown(sql: str) -> str:
    """Return a statement in one line, for messages and records, without values of rows."""
    return " ".join((sql if STRUCTURE.match(sql) else without_strings(sql)).split())


def table_name(tree: exp.Expr) -> str:
    """Return the table that a statement is about; "" if it is not one of this schema."""
    table = tree if isinstance(tree, exp.Table) else tree.find(exp.Table)
    return table.name if table is not None and not table.db else ""
