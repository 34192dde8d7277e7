"""Parts that several sections use: cards, tables, legends, lists with a bound."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TypeVar
from xml.etree.ElementTree import Element

from cosmicdeploy.report.page.drawing.elements import Child, el

# A page shows at most this many rows of a table, bars of a track, or items of a list.
MOST_ROWS = 200
# A number, which must not be broken on a narrow screen.
FIGURE = re.compile(r"[\d.,]+")
Item = TypeVar("Item")


def card(heading: str, *children: Child, look: str | None = None) -> Element:
    """Return a section with a heading; `look` is its class in the style sheet."""
    return el("section", el("h2", heading), *children, class_=look)


def limited(items: Sequence[Item]) -> tuple[Sequence[Item], Element | None]:
    """Return at most `MOST_ROWS` items, and a line that counts the others; None without others."""
    rest = len(items) - MOST_ROWS
    if rest <= 0:
        return items, None
    text = f"{rest:,} more are not shown; `cosmicdeploy history show RUN --json` has them"
    return items[:MOST_ROWS], el("p", text, class_="muted")


def table(head: Sequence[str], rows: Sequence[Sequence[Child]], *, caption: str) -> Element:
    """Return a table for data; the first cell of each row is its header."""
    shown, more = limited(rows)
    body = [
        el("tr", *(_cell(child, is_first=number == 0) for number, child in enumerate(row)))
        for row in shown
    ]
    columns = [el("th", name, scope="col") for name in head]
    parts = (el("thead", el("tr", *columns)), el("tbody", *body))
    return el("div", captioned(caption, *parts), more, class_="scroll")


def captioned(caption: str, *parts: Child, look: str | None = None) -> Element:
    """Return a table with a caption for screen readers only, since a heading precedes the table."""
    return el("table", el("caption", caption), *parts, class_=look)


def _cell(child: Child, *, is_first: bool) -> Element:
    if is_first:
        return el("th", child, scope="row")
    is_figure = isinstance(child, str) and FIGURE.fullmatch(child)
    return el("td", child, class_="figure" if is_figure else None)


def facts(pairs: Iterable[tuple[str, Child]], *, caption: str) -> Element:
    """Return a table of names and values; what is "" or None is left out."""
    rows = [
        el("tr", el("th", name, scope="row"), el("td", value))
        for name, value in pairs
        if value is not None and not (isinstance(value, str) and not value)
    ]
    return captioned(caption, el("tbody", *rows))


def bullets(texts: Sequence[str]) -> Element:
    """Return a list of texts."""
    shown, more = limited(texts)
    return el("div", el("ul", *(el("li", text) for text in shown)), more)


def lines(texts: Iterable[str]) -> Element | None:
    """Return lines of output with their line breaks; None if there are none."""
    whole = "\n".join(texts)
    return el("pre", whole) if whole else None


def legend(looks: Iterable[tuple[str, str]]) -> Element:
    """Return the legend of a drawing from pairs of a look and its meaning.

    A look is a class in the style sheet.
    """
    items = [el("li", _swatch(look), meaning) for look, meaning in looks]
    return el("ul", *items, class_="legend")


def _swatch(look: str) -> Element:
    if look in ("p50", "p99"):
        shape = el("line", x1=0, x2=20, y1=6, y2=6, class_=look)
    else:
        shape = el("rect", x=1, y=1, width=18, height=10, rx=2, class_=f"bar {look}")
    return el("svg", shape, width=20, height=12, aria_hidden="true")


def details(summary: str, *children: Child) -> Element:
    """Return children that a reader opens on demand; on paper they are always open."""
    return el("details", el("summary", summary), *children)
