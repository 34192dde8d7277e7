"""Words of a command with fields in braces, such as `--step={count}`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

Words = tuple[str, ...]

FIELD = re.compile(r"\{(\w+)\}")


def fields_in(words: Iterable[str]) -> set[str]:
    """Return the names of the fields in the words of a command."""
    return {name for word in words for name in FIELD.findall(word)}


def filled(words: Iterable[str], values: Mapping[str, str]) -> Words:
    """Return the words with the value of each field; braces inside of a value stay.

    Raises `KeyError` for a field without a value.
    """
    return tuple(FIELD.sub(lambda field: values[field[1]], word) for word in words)
