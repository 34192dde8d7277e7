"""A log line with its service, and the filter of `--grep`."""

from __future__ import annotations

from dataclasses import dataclass

from cosmicdeploy.engine.facts import LogLine

# How a line begins that continues the one before it: more of a context, or its end.
CONTINUES = (" ", "\t", "}", "]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A line of a service; `line.at` (nanoseconds since 1970) is 0 where it is unknown."""

    service: str
    line: LogLine


class Grep:
    """Lets through lines that contain a text, and the lines that continue them.

    A message is shown with its context. An empty text lets all lines through.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._matched: dict[str, bool] = {}

    def __call__(self, entry: Entry) -> bool:
        text = entry.line.text
        if self._text in text:
            self._matched[entry.service] = True
        elif not text.startswith(CONTINUES):
            self._matched[entry.service] = False
        return self._matched.get(entry.service, False)
