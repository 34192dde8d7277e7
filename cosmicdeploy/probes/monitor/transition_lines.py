"""Transitions in log lines: a message with its context as JSON behind it, on one line or more."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

# A context of more lines is none.
LONGEST = 20


@dataclass(frozen=True, kw_only=True)
class Found:
    """A line that stands for itself, or a transition with what its context says."""

    text: str
    context: Mapping[str, Any] | None = None


@dataclass
class TransitionLines:
    """Puts one source's lines together; `words` begin the message of a transition."""

    words: str
    _begun: list[str] = field(default_factory=list, init=False)

    def take(self, line: str) -> Iterator[Found]:
        """What is complete with this line."""
        if self._begun:
            yield from self._go_on(line)
        elif self.words and self.words in line:
            yield from self._begin(line)
        else:
            yield Found(text=line)

    def _begin(self, line: str) -> Iterator[Found]:
        context = line.partition(self.words)[2].strip()
        if not context.startswith("{"):
            yield Found(text=line, context={})
            return
        self._begun = [line]
        yield from self._whole()

    def _go_on(self, line: str) -> Iterator[Found]:
        if len(self._begun) == LONGEST or self.words in line:
            broken, self._begun = self._begun, []
            yield from (Found(text=each) for each in broken)
            yield from self.take(line)
            return
        self._begun.append(line)
        yield from self._whole()

    def _whole(self) -> Iterator[Found]:
        text = "\n".join(self._begun)
        try:
            # Laravel puts its extra data, mostly [], behind the context.
            context, _ = json.JSONDecoder().raw_decode(text.partition(self.words)[2].strip())
        except ValueError:
            return
        line, self._begun = self._begun[0], []
        yield Found(text=line, context=context if isinstance(context, dict) else {})
