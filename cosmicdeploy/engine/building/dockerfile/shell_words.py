"""Split a line of a Dockerfile into words, and find its here-documents, as BuildKit does."""

from __future__ import annotations

import re

_WORD = re.compile(r"""(?:'[^']*'|"(?:\\.|[^"\\])*"|\\.?|<<[\t\v\f\r ]*|[^\s'"\\])+""", re.DOTALL)
_HEREDOC = re.compile(r"\d*<<(?P<indented>-?)\s*(?P<name>[^<]+)")
_QUOTING = re.compile(r"""'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.?)""", re.DOTALL)


def words(text: str) -> list[str]:
    """Return the words of a line with their quotes; an empty list if a quote is not closed."""
    matches = _WORD.findall(text)
    return matches if not _WORD.sub("", text).strip() else []


def unquoted(word: str) -> str:
    """Return a word without quotes and escapes, as a shell reads it."""
    return _QUOTING.sub(
        lambda match: next(part for part in match.groups() if part is not None), word
    )


def heredocs_of(line: str) -> list[tuple[str, bool]]:
    """Return a line's here-documents: the name of each, and whether its body may be indented."""
    matches = [_HEREDOC.fullmatch(word) for word in words(line) if "<<" in word]
    return [(unquoted(match["name"]), bool(match["indented"])) for match in matches if match]
