"""Statements as trees, in MySQL's dialect; and as text that holds no data."""

from __future__ import annotations

import logging
import re

import sqlglot
from sqlglot import TokenType, exp
from sqlglot.errors import SqlglotError

DIALECT = "mysql"
# The server runs what stands in such comments; every parser passes them over.
EXECUTED_COMMENT = re.compile(r"/\*M?!")
# To the server this is no comment: a blank must follow the dashes.
NO_COMMENT = re.compile(r"--(?=\S)")
# Statements whose strings are defaults, comments and the values of an enum.
STRUCTURE = re.compile(r"\s*(create|alter)\s+table\b(?!.*\bselect\b)", re.IGNORECASE | re.DOTALL)
# It warns of what it only keeps as text; that is judged here.
logging.getLogger("sqlglot").setLevel(logging.ERROR)


class NotUnderstood(Exception):
    """A statement that cannot be judged; the message says why."""


def parse(sql: str) -> list[exp.Expr]:
    """The statements in a text. Raises `NotUnderstood`."""
    plain = without_strings(sql)
    if EXECUTED_COMMENT.search(plain):
        raise NotUnderstood("it has a comment that the server executes")
    if NO_COMMENT.search(plain):
        raise NotUnderstood("it has two dashes that may or may not begin a comment")
    try:
        return [tree for tree in sqlglot.parse(sql, dialect=DIALECT) if tree is not None]
    except SqlglotError as error:
        raise NotUnderstood("it cannot be parsed") from error


def without_strings(sql: str) -> str:
    """The same with every string's content left out: rows' values do not belong into records."""
    try:
        tokens = sqlglot.tokenize(sql, read=DIALECT)
    except SqlglotError:
        return sql.split(maxsplit=1)[0] + " …" if sql.split() else ""
    for token in reversed(tokens):
        if token.token_type is TokenType.STRING:
            sql = sql[: token.start] + "'…'" + sql[token.end + 1 :]
    return sql


def shown(sql: str) -> str:
    """A statement in one line for people and records; of rows' values, only that there are some."""
    return " ".join((sql if STRUCTURE.match(sql) else without_strings(sql)).split())


def table_name(tree: exp.Expr) -> str:
    """The table that a statement is about; "" where it is none of this schema."""
    table = tree if isinstance(tree, exp.Table) else tree.find(exp.Table)
    return table.name if table is not None and not table.db else ""
