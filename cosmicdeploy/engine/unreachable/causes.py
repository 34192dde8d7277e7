"""Collect the exceptions that a connection error wraps, and search them for a cause."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple


class Explanation(NamedTuple):
    """What happened, and what to do about it."""

    what: str
    todo: str


def causes_of(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and, recursively, the errors that it wraps.

    These are its `__cause__` and `__context__`; requests and urllib3 also wrap errors as arguments
    or in `reason`.
    """
    seen: list[BaseException] = []
    rest = [error]
    while rest:
        current = rest.pop(0)
        if current in seen:
            continue
        seen.append(current)
        yield current
        wrapped = [current.__cause__, current.__context__, getattr(current, "reason", None)]
        rest += [each for each in (*wrapped, *current.args) if isinstance(each, BaseException)]


def has(causes: Sequence[BaseException], kind: type[BaseException]) -> bool:
    """Return whether one of the causes has this type."""
    return any(isinstance(cause, kind) for cause in causes)


def says(causes: Sequence[BaseException], *texts: str) -> bool:
    """Return whether the causes' messages contain one of the texts, ignoring case."""
    messages = " ".join(map(str, causes)).lower()
    return any(text.lower() in messages for text in texts)
