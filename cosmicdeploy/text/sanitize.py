"""Text from elsewhere (a container, a database, a file's name), harmless where it is shown.

A terminal obeys what it is shown: an escape sequence may hide lines, set the title, or answer in
the operator's name. And one unpaired surrogate ends a program that prints it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

# Colours, which tools write wherever they can, and the other half of a line's end.
LEFT_OUT = re.compile(r"\x1b\[[\d;:]*m|\r+(?=\n|\Z)")
# Controls of both sets but tab and line end; marks that reorder a line or end it unseen; what is no
# character.
HARMFUL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\ufffe\uffff]"
)
# As much as anybody reads in a terminal; what is longer is for a program (--json).
LONGEST = 100_000


def sanitized(text: str) -> str:
    r"""The text with colours left out and all that a terminal obeys written out, as in \x1b."""
    return HARMFUL.sub(_written, LEFT_OUT.sub("", text))


def sanitized_and_cut(text: str) -> str:
    """As `plain`, and cut where nobody reads on: to lay out megabytes takes minutes."""
    cut = len(text) - LONGEST
    return sanitized(text) if cut <= 0 else f"{sanitized(text[:LONGEST])}… ({cut} more characters)"


def encodable(text: str) -> str:
    """The text as any file takes it: an unpaired surrogate, as in an argument or a file's name, is
    written out."""
    return text.encode("utf-8", "backslashreplace").decode()


def terminal_safe_json(
    value: Any, indent: int | None = None, default: Callable[[Any], Any] | None = None
) -> str:
    """JSON that a terminal can be shown: the same values, with the harmful characters escaped.
    `default` turns what JSON has no form for into something that it has."""
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=default)
    return HARMFUL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _written(found: re.Match[str]) -> str:
    number = ord(found[0])
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"
