"""A line with the service that wrote it, and which lines are wanted."""

from __future__ import annotations

from dataclasses import dataclass

from cosmicdeploy.engine.facts import LogLine

# What a line begins with that goes on from the one before it: more of a context, or its end.
GOES_ON = (" ", "\t", "}", "]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """`line.at` is 0 where nobody knows when it was written."""

    service: str
    line: LogLine


class Grep:
    """Lets through lines with a text in them, and those that go on from such a line: a message is
    told with its context. Without a text all."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._on: dict[str, bool] = {}

    def __call__(self, entry: Entry) -> bool:
        text = entry.line.text
        if self._text in text:
            self._on[entry.service] = True
        elif not text.startswith(GOES_ON):
            self._on[entry.service] = False
        return self._on.get(entry.service, False)
