"""A log line with its service, and the filter of `--grep`."""

from __future__ import annotations

from dataclasses import dataclass

from cosmicdeploy.engine.facts import LogLine

# A line that begins with one of these continues the line before it, as in indented JSON.
CONTINUES = (" ", "\t", "}", "]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A log line of a service; `line.at` (nanoseconds since 1970) is 0 if the time is unknown."""

    service: str
    line: LogLine


class Grep:
    """Matches lines that contain a text, and the lines that continue such a line.

    So a message of several lines is shown completely if its first line contains the text. An empty
    text matches all lines. The filter must get every entry, in order.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._last_matched: dict[str, bool] = {}

    def __call__(self, entry: Entry) -> bool:
        text = entry.line.text
        if self._text in text:
            self._last_matched[entry.service] = True
        elif not text.startswith(CONTINUES):
            self._last_matched[entry.service] = False
        return self._last_matched.get(entry.service, False)
