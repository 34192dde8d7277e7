"""Turn the output of `docker buildx build --progress plain` into the lines to show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

# A line of a step, such as "#7 [2/3] RUN make" or "#7 0.512 the output of make": the text after the
# step's number is an instruction, or output after the seconds since the instruction began.
_LINE = re.compile(r"#(?P<number>\d+) (?P<text>.*)")
_LOGGED = re.compile(r"\d+\.\d+ (?P<text>.*)")
_INSTRUCTION = re.compile(r"\[(?!internal\])[^]]*\d+/\d+\] .*")
_ERROR = re.compile(r"ERROR: (?:failed to solve: |failed to build: )*(?P<text>.*)")


@dataclass
class PlainProgress:
    """The progress of one build, from its output.

    `error` is the reason for a failure; "" if the output names none so far.
    """

    error: str = ""
    _names: dict[str, str] = field(default_factory=dict)

    def lines(self, output: str) -> Iterator[str]:
        """Yield the lines to show for a line of output: instructions, their output, and errors."""
        line = output.rstrip("\n")
        if match := _ERROR.fullmatch(line):
            self.error = match["text"]
            yield line
        elif match := _LINE.fullmatch(line):
            yield from self._step(match["number"], match["text"])

    def _step(self, number: str, text: str) -> Iterator[str]:
        if _INSTRUCTION.fullmatch(text):
            if number not in self._names:
                self._names[number] = text
                yield text
        elif text == "CACHED" and number in self._names:
            yield f"CACHED {self._names[number]}"
        elif match := _LOGGED.fullmatch(text):
            if match["text"].strip():
                yield match["text"]
        elif text.startswith("ERROR: "):
            yield text
