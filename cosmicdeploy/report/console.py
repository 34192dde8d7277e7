"""The console for people: prints text from outside literally, so that no terminal interprets it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Span, Text

from cosmicdeploy.text.sanitize import sanitized, sanitized_and_cut

PLACEHOLDER = "{}"
# Wider than nearly every row: in a pipe each row of a table is one line, for grep and awk.
PIPE_WIDTH = 10_000


class PlainConsole(Console):
    """Prints text literally: markup has no effect, and control characters are escaped.

    Colors come from `styled`. In a pipe, lines have no trailing blanks, and a table's rows do not
    wrap unless COLUMNS is set. If the pipe is closed, as in `deploy | head`, the run continues
    without output.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"markup": False, "highlight": False, "emoji": False, **options})
        if not (self.is_terminal or "width" in options or "COLUMNS" in os.environ):
            self.width = PIPE_WIDTH

    def on_broken_pipe(self) -> None:
        """Stop printing; rich's own method would end the process."""
        self.quiet = True

    def render_str(self, text: str, **options: Any) -> Text:
        """Return a string as printable text: cut if very long, control characters escaped."""
        return super().render_str(sanitized_and_cut(text), **options)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Render with control characters escaped, except in the console's own control segments."""
        segments: Iterable[Segment] = (
            segment if segment.control else segment._replace(text=sanitized(segment.text))
            for segment in super().render(renderable, options)
        )
        return segments if self.is_terminal else _without_trailing_blanks(segments)


def _without_trailing_blanks(segments: Iterable[Segment]) -> Iterator[Segment]:
    """Yield the segments without blanks before a line break, such as a table's padding.

    Blanks at the very end stay, since the next output may continue the line.
    """
    blanks = ""  # at the end of the line so far; yielded if more text follows on the same line
    for segment in segments:
        if segment.control:
            yield segment
            continue
        lines = (blanks + segment.text).split("\n")
        kept = "\n".join(line.rstrip(" ") for line in lines)
        blanks = lines[-1][len(lines[-1].rstrip(" ")) :]
        if kept:
            yield segment._replace(text=kept)
    if blanks:
        yield Segment(blanks)


def styled(template: str, *values: object) -> Text:
    """Return the text of a rich markup template, each `{}` replaced by a value.

    Markup in a value has no effect, but a value that is a `Text` keeps its styles.
    """
    rest, result = Text.from_markup(template, emoji=False), Text()
    for value in values:
        start = rest.plain.index(PLACEHOLDER)
        before, placeholder, rest = rest.divide([start, start + len(PLACEHOLDER)])
        result.append_text(before).append_text(_replacement(placeholder, value))
    return result.append_text(rest)


def _replacement(placeholder: Text, value: object) -> Text:
    """Return a value as text in the placeholder's styles; styles of the value override them."""
    text = value.copy() if isinstance(value, Text) else Text(sanitized_and_cut(str(value)))
    text.spans[:0] = [Span(0, len(text), span.style) for span in placeholder.spans]
    return text
