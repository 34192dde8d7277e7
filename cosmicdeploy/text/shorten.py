"""Shorten text to what fits on a screen, and say how much is missing."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cosmicdeploy.text.sanitize import encodable

# The most characters of a paragraph and of a line, and the most lines.
PARAGRAPH = 1000
WIDTH = 200
LINES = 20
CUT_MARK = re.compile(r"… \(([\d,]+) more characters\)\Z")
# The most characters that the mark itself takes.
CUT_MARK_LENGTH = 35


def cut(text: str, most: int) -> str:
    """Cut a text to `most` characters and append how many are missing.

    If the text was cut before, the number covers both cuts. Unpaired surrogates are escaped, since
    they can be neither printed nor written.
    """
    text = encodable(text)
    mark = CUT_MARK.search(text)
    body = text[: mark.start()] if mark else text
    if len(body) <= most:
        return text
    missing = len(body) - most + (int(mark[1].replace(",", "")) if mark else 0)
    return f"{body[:most]}… ({missing:,} more characters)"


def join_errors(first: str, words: str, second: str) -> str:
    """Join two error messages into one paragraph, each cut to half of it."""
    half = (PARAGRAPH - len(words)) // 2 - CUT_MARK_LENGTH
    return f"{cut(first, half)}{words}{cut(second, half)}"


def screenful(details: Sequence[str]) -> tuple[str, ...]:
    """Return at most `LINES` lines and one that counts the lines left out of the middle.

    Both ends are kept: the first lines of a list matter most, but the last lines of a log.
    """
    lines = [line for detail in details for line in detail.splitlines() or [""]]
    if len(lines) > LINES:
        half = LINES // 2
        lines[half:-half] = [f"… {len(lines) - 2 * half:,} more lines …"]
    return tuple(cut(line, WIDTH) for line in lines)
