"""What a run proves of itself: what the roll took, the requests that were sent meanwhile, and what
the watch after it saw."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich.text import Text

from cosmicdeploy.report.console import styled
from cosmicdeploy.report.model import (
    BeatsReport,
    ProxyReport,
    Report,
    RequestsReport,
    RequestStatsReport,
    StepReport,
)
from cosmicdeploy.text.formatting import counted


def lines(report: Report) -> Iterator[Text]:
    """Each within 80 columns, but for the failures."""
    yield from map(Text, _rolled(report.steps))
    if report.requests:
        yield from _requests(report.requests)
    yield from map(Text, _watched(report.steps))


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


def _requests(requests: RequestsReport) -> Iterator[Text]:
    held = f", {requests.held} held" if requests.held else ""
    held += f", {requests.limited} limited (429)" if requests.limited else ""
    gap = f"{held}, longest gap {requests.longest_gap_ms:.0f} ms"
    yield Text()
    failed = _bad(requests.failed, "failed")
    yield styled("requests meanwhile: {} sent, {}{}", requests.sent, failed, gap)
    yield styled("  new connections:  {}", _tally(requests.new))
    yield styled("  kept connections: {}", _tally(requests.kept))
    beats = _beats(requests.beats, requests.not_found) if requests.beats else Text()
    yield styled("  {}proxy: {}", beats, _proxy(requests.proxy))
    if requests.failing_before:
        yield styled(
            "  [yellow]requests failed before this run: {};[/] judged once the rollout has ended",
            requests.failing_before,
        )
    for failure in requests.failures:
        yield styled("  [red]failed:[/] {}", failure)


def _watched(steps: Iterable[StepReport]) -> Iterator[str]:
    """A line for each watch that saw nothing bad."""
    for step in steps:
        if step.kind == "soak" and step.facts:
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


def _tally(tally: RequestStatsReport) -> Text:
    times = f"p50 {tally.p50_ms:.1f}, p99 {tally.p99_ms:.1f}, max {tally.max_ms:.1f} ms"
    return styled("{} sent, {}, {}", tally.sent, _bad(tally.failed, "failed"), times)


def _beats(beats: BeatsReport, not_found: int) -> Text:
    looked_up = beats.found + not_found
    limited = Text()
    if beats.limited:
        limited = styled(", [yellow]{} limited (429): not proven[/]", beats.limited)
    if not_found:
        return styled("beats: [red]{} of {} not stored[/]{}; ", not_found, looked_up, limited)
    if looked_up:
        return styled("beats: {} of {} stored{}; ", beats.found, looked_up, limited)
    told = "beats: {} of {} ok, not looked up{}; "
    return styled(told, beats.acknowledged, beats.sent, limited)


def _proxy(proxy: ProxyReport | None) -> Text:
    if proxy is None:
        return Text("unknown (no access log)")
    errors, gone = _bad(proxy.errors, "5xx"), _bad(proxy.gone, "499")
    held = f", {proxy.held} held" if proxy.held else ""
    return styled("{}, {} of {}{}", errors, gone, proxy.answers, held)


def _bad(count: int, what: str) -> Text:
    return Text(f"{count} {what}", "red" if count else "green")
