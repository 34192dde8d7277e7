"""Make text from a container, a database or a file's name safe to print.

A terminal executes escape sequences, which may hide lines, set the window's title, or enter text as
if the operator had typed it. Printing an unpaired surrogate raises `UnicodeEncodeError`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

# Escape sequences for colors, which many tools print, and carriage returns at the end of a line.
DROPPED = re.compile(r"\x1b\[[\d;:]*m|\r+(?=\n|\Z)")
# Control characters (C0 and C1) except tab and line feed; invisible characters that reorder, break
# or annotate a line; code points that are no characters.
HARMFUL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\ufffe\uffff]"
)
# A text for people is cut after this many characters; --json contains the whole text.
LONGEST = 100_000


def sanitized(text: str) -> str:
    r"""Return the text without color codes, and with harmful characters escaped, as in \x1b."""
    return HARMFUL.sub(_escaped, DROPPED.sub("", text))


def sanitized_and_cut(text: str) -> str:
    """Return the sanitized text, cut at `LONGEST` characters: rich needs minutes for megabytes."""
    excess = len(text) - LONGEST
    if excess <= 0:
        return sanitized(text)
    return f"{sanitized(text[:LONGEST])}… ({excess} more characters)"


def encodable(text: str) -> str:
    """Return the text with unpaired surrogates escaped, so that it can be written as UTF-8.

    Command-line arguments and file names may contain unpaired surrogates.
    """
    return text.encode("utf-8", "backslashreplace").decode()


def terminal_safe_json(
    value: Any, indent: int | None = None, default: Callable[[Any], Any] | None = None
) -> str:
    r"""Return a value as JSON, with harmful characters escaped as JSON does it: \u001b.

    `default` converts a value of a type that JSON does not have, as in `json.dumps`.
    """
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=default)
    return HARMFUL.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _escaped(match: re.Match[str]) -> str:
    code_point = ord(match[0])
    return f"\\x{code_point:02x}" if code_point < 0x100 else f"\\u{code_point:04x}"
