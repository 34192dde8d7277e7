"""Split a script of SQL into its statements, without comments."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

import sqlglot
from sqlglot import Token, TokenType
from sqlglot.errors import SqlglotError

from cosmicdeploy.migrations.sql import DASHES_WITHOUT_BLANK, DIALECT, EXECUTED_COMMENT

COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def statements_of(script: str) -> list[str]:
    """Return the statements of a script, without comments.

    If the script cannot be split, or the server may run what the parser takes for a comment, the
    whole script is one statement: it is judged to be not understood.
    """
    try:
        tokens = sqlglot.tokenize(script, read=DIALECT)
    except SqlglotError:
        return [script.strip()]
    if any(map(_may_be_run, _between(script, tokens))):
        return [script.strip()]
    groups = groupby(tokens, key=lambda token: token.token_type is TokenType.SEMICOLON)
    return [_text(script, list(group)) for is_end, group in groups if not is_end]


def _between(script: str, tokens: Sequence[Token]) -> Iterator[str]:
    """Yield the text before, between and after the tokens: blanks and comments."""
    end = 0
    for token in tokens:
        yield script[end : token.start]
        end = token.end + 1
    yield script[end:]


def _may_be_run(between: str) -> bool:
    """Return whether the server may run a part of a text that the parser takes for comments."""
    if EXECUTED_COMMENT.search(between):
        return True
    lines = COMMENT.sub(" ", between).splitlines()
    return any(DASHES_WITHOUT_BLANK.match(line.lstrip()) for line in lines)


def _text(script: str, tokens: Sequence[Token]) -> str:
    """Return the text of a statement; where a comment was, there is a blank."""
    parts, end = [], tokens[0].start
    for token in tokens:
        between = script[end : token.start]
        parts += [" " if between.strip() else between, script[token.start : token.end + 1]]
        end = token.end + 1
    return "".join(parts).strip()
