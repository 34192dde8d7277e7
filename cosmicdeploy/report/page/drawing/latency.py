"""The plot of latencies and failures over the time of a run, for one kind of connection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from xml.etree.ElementTree import Element

from cosmicdeploy.journal.records.summary import Series
from cosmicdeploy.report.page.drawing.elements import el
from cosmicdeploy.report.page.drawing.scale import LatencyScale, TimeScale, clock, milliseconds
from cosmicdeploy.report.page.drawing.tracks import Band, shading

HEIGHT = 132
# The height of a bar of failures, in pixels: the least, and that of the most failures.
LEAST_BAR, HIGHEST_BAR = 14, 60


def panel(
    scale: TimeScale, latencies: LatencyScale, series: Series, seconds: float, bands: Sequence[Band]
) -> Element:
    """Return the plot: median and 99th percentile as lines, failures as bars from the bottom.

    `seconds` is the length of an interval of the series. `bands` are the times to shade.
    """
    return el(
        "svg",
        el("title", "Latency and failed requests over time"),
        el("desc", description(series)),
        *(shading(scale, band, HEIGHT) for band in bands),
        *_grid(latencies),
        el(
            "svg",
            *_line(scale, latencies, series.p99_ms, seconds, "p99"),
            *_line(scale, latencies, series.p50_ms, seconds, "p50"),
            viewBox=f"0 0 100 {HEIGHT}",
            preserveAspectRatio="none",
            width="100%",
            height=HEIGHT,
        ),
        *_failures(scale, series, seconds),
        *_hovers(scale, series, seconds),
        role="img",
        aria_label=description(series),
        width="100%",
        height=HEIGHT,
        class_="panel",
    )


def description(series: Series) -> str:
    """Describe a series in one line, for a reader who cannot see the plot."""
    medians = [each for each in series.p50_ms if each is not None]
    slowest = [each for each in series.p99_ms if each is not None]
    if not medians or not slowest:
        return "no response in the whole run"
    return (
        f"{sum(series.sent)} requests, {sum(series.failed)} failed; the median of an interval is"
        f" between {milliseconds(min(medians))} and {milliseconds(max(medians))}, the highest 99th"
        f" percentile {milliseconds(max(slowest))}"
    )


def labels(latencies: LatencyScale) -> Element:
    """Return the labels of the latency axis, left of a plot. A screen reader skips them."""
    texts = [
        el("text", milliseconds(tick), x="100%", dx=-6, y=_label_y(latencies, tick))
        for tick in latencies.ticks()
    ]
    return el("svg", *texts, width="100%", height=HEIGHT, class_="labels", aria_hidden="true")


def _label_y(latencies: LatencyScale, tick: float) -> float:
    """Return the position of a tick's label, which must not leave the drawing."""
    return min(max(latencies.y(tick) + 4, 10.0), HEIGHT - 2.0)


def _grid(latencies: LatencyScale) -> Iterator[Element]:
    for tick in latencies.ticks():
        y = latencies.y(tick)
        yield el("line", x1="0%", x2="100%", y1=y, y2=y, class_="grid")


def _line(
    scale: TimeScale,
    latencies: LatencyScale,
    values: Sequence[float | None],
    seconds: float,
    look: str,
) -> Iterator[Element]:
    """Yield the parts of a line of the class `look`; it has a gap where there was no response."""
    for part in _parts(values):
        points = [(scale.x((number + 0.5) * seconds), latencies.y(ms)) for number, ms in part]
        if len(points) == 1:  # a line of one point has no length
            [(x, y)] = points
            points = [(x - 0.3, y), (x + 0.3, y)]
        text = " ".join(f"{x:g},{y:g}" for x, y in points)
        yield el("polyline", points=text, class_=look)


def _parts(values: Iterable[float | None]) -> Iterator[list[tuple[int, float]]]:
    """Yield each unbroken sequence of values, each value with the number of its interval."""
    part: list[tuple[int, float]] = []
    for number, value in enumerate(values):
        if value is not None:
            part.append((number, value))
        elif part:
            yield part
            part = []
    if part:
        yield part


def _failures(scale: TimeScale, series: Series, seconds: float) -> Iterator[Element]:
    most = max(series.failed, default=0)
    for number, count in enumerate(series.failed):
        if count:
            height = LEAST_BAR + (HIGHEST_BAR - LEAST_BAR) * count / most
            yield el(
                "rect",
                x=f"{scale.x(number * seconds)}%",
                width=f"{scale.width(number * seconds, (number + 1) * seconds)}%",
                y=HEIGHT - height,
                height=height,
                class_="failures",
            )


def _hovers(scale: TimeScale, series: Series, seconds: float) -> Iterator[Element]:
    """Yield an invisible rectangle for each interval, with its figures as a tooltip."""
    for number, figures in enumerate(intervals(series)):
        began = number * seconds
        yield el(
            "rect",
            el("title", f"{clock(began)} to {clock(began + seconds)}: {figures}"),
            x=f"{scale.x(began)}%",
            width=f"{scale.width(began, began + seconds)}%",
            y=0,
            height=HEIGHT,
            class_="hover",
        )


def intervals(series: Series) -> Iterator[str]:
    """Yield the figures of each interval in words."""
    columns = (series.sent, series.failed, series.p50_ms, series.p99_ms)
    # Not strict: the columns of a damaged record may differ in length.
    for sent, failed, p50, p99 in zip(*columns, strict=False):
        times = "" if p50 is None else f", p50 {milliseconds(p50)}"
        times += "" if p99 is None else f", p99 {milliseconds(p99)}"
        yield f"{sent} requests, {failed} failed{times}"
