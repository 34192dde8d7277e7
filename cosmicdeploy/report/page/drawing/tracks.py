"""Tracks: a row of bars over the time of a run, and the axis above such rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from cosmicdeploy.report.page.drawing.elements import el
from cosmicdeploy.report.page.drawing.scale import TimeScale, clock

HEIGHT = 18
# A bar's label is drawn only if the bar is at least this wide, in percent of the track.
LABELLED_WIDTH = 14.0


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A bar from `began` to `ended`, in seconds since the run began.

    `look` is its class in the style sheet; `text` describes the bar, and `label` is drawn on it.
    """

    began: float
    ended: float
    look: str
    text: str
    label: str = ""


@dataclass(frozen=True, kw_only=True)
class Band:
    """A time that is shaded in each track, such as maintenance, in seconds since the run began."""

    began: float
    ended: float
    text: str


def track(
    scale: TimeScale, bars: Sequence[Bar], bands: Iterable[Band] = (), *, name: str
) -> Element:
    """Return a row of bars; the row's description for a screen reader has the text of each bar."""
    description = "; ".join(bar.text for bar in bars) or "nothing"
    return el(
        "svg",
        el("title", name),
        el("desc", description),
        *(shading(scale, band, HEIGHT) for band in bands),
        *(_bar(scale, bar) for bar in bars),
        role="img",
        aria_label=f"{name}: {description}",
        width="100%",
        height=HEIGHT,
        class_="track",
    )


def shading(scale: TimeScale, band: Band, height: float) -> Element:
    """Return the shading of a band over the whole height of a drawing."""
    return el(
        "rect",
        el("title", f"{band.text}, {span(band.began, band.ended)}"),
        x=f"{scale.x(band.began)}%",
        width=f"{scale.width(band.began, band.ended)}%",
        y=0,
        height=height,
        class_="band",
    )


def _bar(scale: TimeScale, bar: Bar) -> Element:
    x, width = scale.x(bar.began), scale.width(bar.began, bar.ended)
    x = min(x, 100 - width)  # a short bar at the end is drawn wider than it is
    rectangle = el(
        "rect",
        el("title", bar.text),
        x=f"{x}%",
        width=f"{width}%",
        y=2,
        height=HEIGHT - 4,
        rx=2,
        class_=f"bar {bar.look}",
    )
    if not bar.label or width < LABELLED_WIDTH:
        return el("g", rectangle)
    label = el("text", bar.label, x=f"{x}%", dx=5, y=HEIGHT - 5, class_="on-bar")
    return el("g", rectangle, label)


def axis(scale: TimeScale) -> Element:
    """Return the axis: the times of its ticks. A screen reader skips it."""
    ticks = [
        el("text", clock(at), x=f"{scale.x(at)}%", y=12, text_anchor=_anchor(scale.x(at)))
        for at in scale.ticks()
    ]
    return el("svg", *ticks, width="100%", height=HEIGHT, class_="axis", aria_hidden="true")


def _anchor(x: float) -> str:
    """Return the alignment of a tick's text, which must not leave the drawing."""
    return "start" if x < 5 else "end" if x > 95 else "middle"


def span(began: float, ended: float) -> str:
    """Describe a span of time: "from 3.2 s for 1.5 s"."""
    return f"from {clock(began)} for {clock(max(0.0, ended - began))}"
