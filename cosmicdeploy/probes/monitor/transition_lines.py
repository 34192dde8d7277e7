"""Find transitions in a log: a message followed by a JSON object, on one line or several."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

# If the JSON object of a message does not end within this many lines, all of them are ordinary
# lines.
MOST_LINES = 20


@dataclass(frozen=True, kw_only=True)
class ParsedLine:
    """A log line; `context` is the JSON object of a transition, None for an ordinary line.

    The object is empty if the message of a transition has none.
    """

    text: str
    context: Mapping[str, Any] | None = None


@dataclass
class TransitionLines:
    """Parses the lines of one log; a line with `words` is the message of a transition."""

    words: str
    _pending: list[str] = field(default_factory=list, init=False)

    def take(self, line: str) -> Iterator[ParsedLine]:
        """Parse the next line; yield the lines that are complete now.

        A message whose JSON object has not ended yet is yielded later, as one line.
        """
        if self._pending:
            yield from self._continue(line)
        elif self.words and self.words in line:
            yield from self._begin(line)
        else:
            yield ParsedLine(text=line)

    def _begin(self, line: str) -> Iterator[ParsedLine]:
        context = line.partition(self.words)[2].strip()
        if not context.startswith("{"):
            yield ParsedLine(text=line, context={})
            return
        self._pending = [line]
        yield from self._complete()

    def _continue(self, line: str) -> Iterator[ParsedLine]:
        if len(self._pending) == MOST_LINES or self.words in line:
            broken, self._pending = self._pending, []
            yield from (ParsedLine(text=each) for each in broken)
            yield from self.take(line)
            return
        self._pending.append(line)
        yield from self._complete()

    def _complete(self) -> Iterator[ParsedLine]:
        text = "\n".join(self._pending)
        try:
            # Laravel writes more data, mostly [], after the object.
            context, _ = json.JSONDecoder().raw_decode(text.partition(self.words)[2].strip())
        except (ValueError, RecursionError):
            return
        line, self._pending = self._pending[0], []
        yield ParsedLine(text=line, context=context if isinstance(context, dict) else {})
