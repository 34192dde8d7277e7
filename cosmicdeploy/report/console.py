"""The consoles that people read: what is shown comes from elsewhere, and they may stop reading."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Span, Text

from cosmicdeploy.text.sanitize import sanitized, sanitized_and_cut

PLACE = "{}"


class PlainConsole(Console):
    """Takes every text as it is: no markup, and nothing that a terminal would obey.

    Colours come with `styled`. A reader who goes away, as in `deploy | head`, must not end a run
    half-way.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"markup": False, "highlight": False, "emoji": False, **options})

    def on_broken_pipe(self) -> None:
        self.quiet = True

    def render_str(self, text: str, **options: Any) -> Text:
        """A text by itself, or as the cell of a table."""
        return super().render_str(sanitized_and_cut(text), **options)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """All that is shown comes by here; what is the console's own is marked as control."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=sanitized(segment.text))


def styled(template: str, *values: object) -> Text:
    """A line of ours with markup, and at each `{}` a value as it is; a `Text` keeps its styles."""
    rest, made = Text.from_markup(template, emoji=False), Text()
    for value in values:
        start = rest.plain.index(PLACE)
        before, place, rest = rest.divide([start, start + len(PLACE)])
        made.append_text(before).append_text(_put(place, value))
    return made.append_text(rest)


def _put(place: Text, value: object) -> Text:
    text = value.copy() if isinstance(value, Text) else Text(sanitized_and_cut(str(value)))
    around = [Span(0, len(text), span.style) for span in place.spans]
    text.spans[:0] = around
    return text
