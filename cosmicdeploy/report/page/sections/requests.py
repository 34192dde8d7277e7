"""The requests of a run: latency and failures over time, by kind of connection, and the totals."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from cosmicdeploy.journal.history.entry import RunEntry
from cosmicdeploy.journal.records.summary import RequestsSummary, Series, TrafficSeries
from cosmicdeploy.report.page.drawing import latency
from cosmicdeploy.report.page.drawing.elements import Child, el
from cosmicdeploy.report.page.drawing.scale import LatencyScale, clock
from cosmicdeploy.report.page.drawing.tracks import Band, axis
from cosmicdeploy.report.page.sections.parts import (
    bullets,
    card,
    details,
    legend,
    table,
)
from cosmicdeploy.report.page.sections.timeline import bands_of, scale_of

LEGEND = (
    ("p50", "median (p50) of an interval"),
    ("p99", "99th percentile (p99)"),
    ("failures", "failed requests"),
)
HEAD = ("requests", "sent", "failed", "p50 ms", "p99 ms", "max ms", "longest gap ms")
# A series of a damaged record may have more intervals than are ever recorded.
MOST_INTERVALS = 500


def requests_section(run: RunEntry) -> Element:
    """Return the section about the requests; without figures, it says why there are none."""
    requests = run.summary.requests if run.summary else None
    heading = "Requests sent during the run"
    if requests is None:
        why = "The run sent no requests." if run.sent_no_requests else "No figures are recorded."
        return card(heading, el("p", why, class_="muted"))
    return card(
        heading,
        _verdict(requests),
        *(_plots(run) if run.summary and run.summary.series else _no_plot(run)),
        _totals(requests),
        *_notes(requests),
    )


def _verdict(requests: RequestsSummary) -> Element:
    if requests.broken:
        first = el("strong", "Clients would have noticed: ")
        return el("p", first, requests.broken, class_="wrong")
    return el("p", f"{requests.failed} of {requests.sent} requests failed.")


def _no_plot(run: RunEntry) -> Iterator[Child]:
    left_out = run.summary is not None and "series" in run.summary.left_out
    why = "It was too large to record." if left_out else "It is not recorded."
    yield el("p", f"The course over time is not shown. {why}", class_="muted")


def _plots(run: RunEntry) -> Iterator[Child]:
    if run.summary is None or run.summary.series is None:
        return
    series, scale = run.summary.series, scale_of(run)
    kinds = {"New connections": series.new, "Kept connections": series.kept}
    slowest = [ms for own in kinds.values() for ms in own.p99_ms[:MOST_INTERVALS] if ms is not None]
    latencies = LatencyScale(max(slowest, default=1.0), latency.HEIGHT)
    bands = [*bands_of(run), *_rollouts(run)]
    yield legend(LEGEND)
    for name, own in kinds.items():
        shown = _cut(own)
        yield el("h3", f"{name}: latency (logarithmic) and failures")
        yield el(
            "div",
            latency.labels(latencies),
            latency.panel(scale, latencies, shown, series.seconds, bands),
            axis(scale),
            class_="plot",
        )
    yield el(
        "p",
        "Shaded: containers are replaced, or clients are turned away on purpose.",
        class_="muted",
    )
    yield details("These figures as a table", _figures(series))


def _rollouts(run: RunEntry) -> list[Band]:
    """Return the time in which containers were replaced, if any were."""
    phases = run.summary.phases if run.summary else []
    if not phases:
        return []
    began = min(each.began for each in phases)
    return [
        Band(
            began=began,
            ended=max(each.ended for each in phases),
            text="containers are replaced",
        )
    ]


def _cut(series: Series) -> Series:
    """Return the first `MOST_INTERVALS` intervals of a series, which is valid already."""
    columns = {name: values[:MOST_INTERVALS] for name, values in series.model_dump().items()}
    return Series.model_construct(**columns)


def _figures(series: TrafficSeries) -> Element:
    new, kept = (list(latency.intervals(_cut(own))) for own in (series.new, series.kept))
    rows = [
        [f"{clock(number * series.seconds)}", first, second]
        for number, (first, second) in enumerate(zip(new, kept, strict=False))
    ]
    head = ("from", "new connections", "kept connections")
    return table(head, rows, caption="Requests over time")


def _totals(requests: RequestsSummary) -> Element:
    named = {"all": requests, "new connections": requests.new, "kept connections": requests.kept}
    rows = [
        [
            name,
            f"{own.sent}",
            f"{own.failed}",
            f"{own.p50_ms:.1f}",
            f"{own.p99_ms:.1f}",
            f"{own.max_ms:.1f}",
            f"{own.longest_gap_ms:.0f}",
        ]
        for name, own in {**named, **requests.applications}.items()
    ]
    return table(HEAD, rows, caption="Requests of the run, in total")


def _notes(requests: RequestsSummary) -> Iterator[Child]:
    notes = []
    for count, what in (
        (requests.held, "were held in maintenance (503 with Retry-After, or no response)"),
        (requests.announced, "failed in an announced gap"),
        (requests.limited, "were answered 429, and prove nothing"),
        (requests.not_found, "heartbeats were acknowledged, but not stored"),
    ):
        if count:
            notes.append(f"{count} {what}")
    unsent = requests.failed - requests.new.failed - requests.kept.failed
    if unsent > 0:
        notes.append(f"{unsent} of the failures were never sent, since earlier ones hung")
    if requests.failing_before:
        notes.append(f"failed before the run changed anything: {requests.failing_before}")
    if proxy := requests.proxy:
        notes.append(
            f"by the proxy's access log, of all clients: {proxy.get('errors', 0)} 5xx and"
            f" {proxy.get('gone', 0)} 499 of {proxy.get('answers', 0)} responses"
        )
    else:
        notes.append("what other clients got is unknown: no access log of the proxy was readable")
    yield bullets(notes)
    if requests.failures:
        yield el("h3", "The first failures")
        yield bullets(requests.failures)
