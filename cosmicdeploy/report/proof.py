"""What a run proves of itself: what the roll took, the requests that were sent meanwhile, and what
the watch after it saw."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich.markup import escape

from cosmicdeploy.report.model import (
    BeatsReport,
    ProxyReport,
    Report,
    RequestsReport,
    StepReport,
    TallyReport,
)
from cosmicdeploy.words import counted


def lines(report: Report) -> Iterator[str]:
    """Each within 80 columns, but for the failures."""
    yield from _rolled(report.steps)
    if report.requests:
        yield from _requests(report.requests)
    yield from _watched(report.steps)


def _rolled(steps: Iterable[StepReport]) -> Iterator[str]:
    for step in steps:
        if roll := step.facts.get("roll"):
            yield ""
            yield (
                f"the roll took {roll['seconds']:.1f} s; added up, engine and application"
                f" needed {roll['needed']:.1f} s"
            )
            yield f"  {_needed_for(roll['services'])}"
        if away := proxy_away(step):
            yield f"the proxy itself was away for {away:.1f} s: no answer at all"


def proxy_away(step: StepReport) -> float:
    """Seconds in which clients were refused connections."""
    return float(step.facts.get("proxy_away_seconds", 0.0))


def _needed_for(services: Mapping[str, Mapping[str, float]]) -> str:
    """The work that was added up; a restart creates nothing. Workers go beside the replicas, so
    that the sum may be more than the whole."""
    create = "to create, " if any("create" in phases for phases in services.values()) else ""
    beside = "; some go side by side" if len(services) > 1 else ""
    return f"{create}to drain, to start and for the first answers{beside}"


def _requests(requests: RequestsReport) -> Iterator[str]:
    held = f", {requests.held} held" if requests.held else ""
    held += f", {requests.limited} limited (429)" if requests.limited else ""
    yield ""
    yield (
        f"requests meanwhile: {requests.sent} sent, {_bad(requests.failed, 'failed')}{held},"
        f" longest gap {requests.longest_gap_ms:.0f} ms"
    )
    yield f"  new connections:  {_tally(requests.new)}"
    yield f"  kept connections: {_tally(requests.kept)}"
    beats = f"{_beats(requests.beats, requests.not_found)}; " if requests.beats else ""
    yield f"  {beats}proxy: {_proxy(requests.proxy)}"
    for failure in requests.failures:
        yield f"  [red]failed:[/] {escape(failure)}"


def _watched(steps: Iterable[StepReport]) -> Iterator[str]:
    """A line for each watch that saw nothing bad."""
    for step in steps:
        if step.kind == "watch" and step.facts:
            facts = step.facts
            well = counted(facts["containers"], "container")
            yield (
                f"watched for {facts['seconds']:.0f} s: {well} well,"
                f" {facts['failed']} of {facts['requests']} failed, {_slower(facts)}"
            )


def _slower(facts: Mapping[str, Any]) -> str:
    figures = facts["p50_ms"]
    if figures["before"] is None or figures["after"] is None:
        return "latency not compared"
    return f"p50 {figures['before']:.0f} → {figures['after']:.0f} ms"


def _tally(tally: TallyReport) -> str:
    return (
        f"{tally.sent} sent, {_bad(tally.failed, 'failed')},"
        f" p50 {tally.p50_ms:.1f}, p99 {tally.p99_ms:.1f}, max {tally.max_ms:.1f} ms"
    )


def _beats(beats: BeatsReport, not_found: int) -> str:
    looked_up = beats.found + not_found
    limited = f", [yellow]{beats.limited} limited (429): not proven[/]" if beats.limited else ""
    if not_found:
        return f"beats: [red]{not_found} of {looked_up} not stored[/]{limited}"
    if looked_up:
        return f"beats: {beats.found} of {looked_up} stored{limited}"
    return f"beats: {beats.acknowledged} of {beats.sent} ok, not looked up{limited}"


def _proxy(proxy: ProxyReport | None) -> str:
    if proxy is None:
        return "unknown (no access log)"
    held = f", {proxy.held} held" if proxy.held else ""
    return f"{_bad(proxy.errors, '5xx')}, {_bad(proxy.gone, '499')} of {proxy.answers}{held}"


def _bad(count: int, what: str) -> str:
    return f"[{'red' if count else 'green'}]{count} {what}[/]"
