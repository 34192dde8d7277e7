"""The causes that an error of connecting wraps, and what one of them means for the operator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple


class Explanation(NamedTuple):
    """What happened, and what to do about it."""

    what: str
    todo: str


def causes_of(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and those that it wraps: requests and urllib3 keep them as arguments."""
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
    return any(isinstance(cause, kind) for cause in causes)


def says(causes: Sequence[BaseException], *texts: str) -> bool:
    told = " ".join(map(str, causes)).lower()
    return any(text.lower() in told for text in texts)
