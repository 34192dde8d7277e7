"""Make text from a container, a database or a file's name safe to print.

A terminal executes escape sequences: they may hide lines, set the title, or type in the operator's
name. One unpaired surrogate ends a program that prints it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

# Colors, which many tools print, and the carriage return of a line's end.
LEFT_OUT = re.compile(r"\x1b\[[\d;:]*m|\r+(?=\n|\Z)")
# Control characters (C0 and C1) but tab and line feed; characters that reorder a line or end it
# invisibly; code points that are no characters.
HARMFUL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\ufffe\uffff]"
)
# Characters. Longer text is for a program, with --json.
LONGEST = 100_000


def sanitized(text: str) -> str:
    r"""Return the text without colors and with control characters escaped, as in \x1b."""
    return HARMFUL.sub(_escaped, LEFT_OUT.sub("", text))


def sanitized_and_cut(text: str) -> str:
    """Sanitize and cut at `LONGEST` characters: to lay out megabytes takes minutes."""
    cut = len(text) - LONGEST
    return sanitized(text) if cut <= 0 else f"{sanitized(text[:LONGEST])}… ({cut} more characters)"


def encodable(text: str) -> str:
    """Return the text with unpaired surrogates escaped, so that it can be written as UTF-8.

    Arguments and file names may hold them.
    """
    return text.encode("utf-8", "backslashreplace").decode()


def terminal_safe_json(
    value: Any, indent: int | None = None, default: Callable[[Any], Any] | None = None
) -> str:
    """Return JSON with the same values, and with the harmful characters escaped.

    `default` converts values that JSON has no form for, as in `json.dumps`.
    """
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=default)
    return HARMFUL.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _escaped(match: re.Match[str]) -> str:
    number = ord(match[0])
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"
