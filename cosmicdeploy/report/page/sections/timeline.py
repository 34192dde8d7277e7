"""The time of a run, as all drawings of its page share it: scale, shaded times, rows of tracks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.etree.ElementTree import Element

from cosmicdeploy.journal.history.entry import RunEntry
from cosmicdeploy.report.page.drawing.elements import el
from cosmicdeploy.report.page.drawing.scale import TimeScale
from cosmicdeploy.report.page.drawing.tracks import Band, axis
from cosmicdeploy.report.page.sections.parts import captioned

# At most this many gaps, and this many times of maintenance, are shaded in each track.
MOST_BANDS = 20
# Column → its class in the style sheet.
COLUMNS = {"outcome": "word", "release": "word", "seconds": "number"}


def scale_of(run: RunEntry) -> TimeScale:
    """Return the scale that all drawings of a run share."""
    ends = [step.ended or 0.0 for step in run.steps]
    return TimeScale(max([run.seconds or 0.0, *ends]))


def bands_of(run: RunEntry) -> list[Band]:
    """Return the times in which clients were not served on purpose."""
    if run.summary is None:
        return []
    gaps = [
        Band(began=gap.began, ended=gap.ended, text=f"announced gap: {gap.service} {gap.what}")
        for gap in run.summary.gaps
    ]
    spans = [
        Band(began=began, ended=ended, text="maintenance: clients were turned away on purpose")
        for began, ended in run.summary.maintenance
    ]
    return [*gaps[:MOST_BANDS], *spans[:MOST_BANDS]]


def lanes(scale: TimeScale, head: Sequence[str], rows: Iterable[Element], name: str) -> Element:
    """Return a table; its last column, which `head` does not name, has the tracks below an axis.

    `name` is the table's caption, for screen readers.
    """
    columns = [el("th", each, scope="col", class_=COLUMNS.get(each)) for each in head]
    times = el(
        "tr",
        *(el("td") for _ in head),
        el("td", axis(scale), class_="when"),
        class_="times",
        aria_hidden="true",
    )
    return captioned(
        name,
        el("thead", el("tr", *columns, el("th", "time since the run began", scope="col"))),
        el("tbody", times, *rows),
        look="lanes",
    )
