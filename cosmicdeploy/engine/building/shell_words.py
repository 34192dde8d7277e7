"""Words and here-documents of a line, as BuildKit finds them: by the rules of a shell."""

from __future__ import annotations

import re

_WORD = re.compile(r"""(?:'[^']*'|"(?:\\.|[^"\\])*"|\\.?|<<[\t\v\f\r ]*|[^\s'"\\])+""", re.DOTALL)
_HEREDOC = re.compile(r"\d*<<(?P<indented>-?)\s*(?P<name>[^<]+)")
_QUOTING = re.compile(r"""'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.?)""", re.DOTALL)


def words(text: str) -> list[str]:
    """Words with their quotes; none where a quote is not closed, as the builder sees it."""
    found = _WORD.findall(text)
    return found if not _WORD.sub("", text).strip() else []


def unquoted(word: str) -> str:
    """A word without its quotes and escapes, as a shell reads it."""
    return _QUOTING.sub(
        lambda match: next(part for part in match.groups() if part is not None), word
    )


def heredocs_of(line: str) -> list[tuple[str, bool]]:
    """The names of a line's here-documents, each with whether its body may be indented."""
    matches = [_HEREDOC.fullmatch(word) for word in words(line) if "<<" in word]
    return [(unquoted(match["name"]), bool(match["indented"])) for match in matches if match]
