"""Parse SQL statements in MySQL's dialect, and print them without the strings of row data."""

from __future__ import annotations

import logging
import re

import sqlglot
from sqlglot import TokenType, exp
from sqlglot.errors import SqlglotError

DIALECT = "mysql"
# The start of a comment whose content the server executes, although parsers ignore it.
EXECUTED_COMMENT = re.compile(r"/\*M?!")
# The server requires a blank after the two dashes of a comment; the parser does not.
DASHES_WITHOUT_BLANK = re.compile(r"--(?=\S)")
# CREATE or ALTER TABLE without SELECT: the strings are defaults, comments or enum values.
STRUCTURE = re.compile(r"\s*(create|alter)\s+table\b(?!.*\bselect\b)", re.IGNORECASE | re.DOTALL)
# sqlglot warns about statements that it keeps as text; this package judges those itself.
logging.getLogger("sqlglot").setLevel(logging.ERROR)


class NotUnderstood(Exception):
    """A statement cannot be judged; the message says why."""


def parse(sql: str) -> list[exp.Expr]:
    """Parse the statements in a text.

    Raises `NotUnderstood` if the parser fails, or if the server may read the text differently.
    """
    plain = without_strings(sql)
    if EXECUTED_COMMENT.search(plain):
        raise NotUnderstood("it has a comment that the server executes")
    if DASHES_WITHOUT_BLANK.search(plain):
        raise NotUnderstood("it has two dashes that may or may not begin a comment")
    try:
        return [tree for tree in sqlglot.parse(sql, dialect=DIALECT) if tree is not None]
    except SqlglotError as error:
        raise NotUnderstood("it cannot be parsed") from error


def without_strings(sql: str) -> str:
    """Return a statement with "…" in place of each string's content, which may be row data.

    If the statement cannot be split into tokens, returns only its first word and "…".
    """
    try:
        tokens = sqlglot.tokenize(sql, read=DIALECT)
    except SqlglotError:
        return sql.split(maxsplit=1)[0] + " …" if sql.split() else ""
    for token in reversed(tokens):
        if token.token_type is TokenType.STRING:
            sql = sql[: token.start] + "'…'" + sql[token.end + 1 :]
    return sql


def display_text(sql: str) -> str:
    """Return a statement in one line for messages and records, without the strings of row data.

    The strings of a CREATE or ALTER TABLE stay, since they are part of the table's definition.
    """
    return " ".join((sql if STRUCTURE.match(sql) else without_strings(sql)).split())


def table_name(tree: exp.Expr) -> str:
    """Return the name of the first table in a statement.

    "" if there is no table, or if the statement names the table's schema: that may be another
    schema than the stack's.
    """
    table = tree if isinstance(tree, exp.Table) else tree.find(exp.Table)
    return table.name if table is not None and not table.db else ""
