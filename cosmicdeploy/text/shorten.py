"""Shorten text so that it fits on a screen, and say how much is missing."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cosmicdeploy.text.sanitize import encodable

# The maximum length of a paragraph and of a line in characters, and the maximum number of lines.
PARAGRAPH = 1000
WIDTH = 200
LINES = 20
# The mark of a cut text. The number is bounded, since a text from elsewhere may imitate the mark.
CUT_MARK = re.compile(r"… \(([0-9][0-9,]{0,14}) more characters\)\Z")
# The maximum length of the mark itself, in characters.
CUT_MARK_LENGTH = 35


def cut(text: str, most: int) -> str:
    """Cut a longer text to `most` characters and append how many are missing.

    If the text was cut before, the number covers both cuts. Unpaired surrogates are escaped in any
    text, since they can be neither printed nor written.
    """
    text = encodable(text)
    mark = CUT_MARK.search(text)
    body = text[: mark.start()] if mark else text
    if len(body) <= most:
        return text
    missing = len(body) - most + (int(mark[1].replace(",", "")) if mark else 0)
    return f"{body[:most]}… ({missing:,} more characters)"


def join_errors(first: str, words: str, second: str) -> str:
    """Join two error messages by `words` into one paragraph; each is cut to half of it."""
    half = (PARAGRAPH - len(words)) // 2 - CUT_MARK_LENGTH
    return f"{cut(first, half)}{words}{cut(second, half)}"


def screenful(details: Sequence[str]) -> tuple[str, ...]:
    """Return at most `LINES` lines; if more are given, one extra line counts the omitted ones.

    The middle is omitted, since a list's first lines matter most, but a log's last lines. Each line
    is cut to `WIDTH` characters.
    """
    lines = [line for detail in details for line in detail.splitlines() or [""]]
    if len(lines) > LINES:
        half = LINES // 2
        lines[half:-half] = [f"… {len(lines) - 2 * half:,} more lines …"]
    return tuple(cut(line, WIDTH) for line in lines)
