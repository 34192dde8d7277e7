"""Show what was measured during a run: rollout, announced gaps, requests and soak."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from rich.text import Text

from cosmicdeploy.journal.records.timings import CREATE, TIMINGS
from cosmicdeploy.report.console import styled
from cosmicdeploy.report.model import Report, StepReport
from cosmicdeploy.report.requests_model import (
    BeatsReport,
    GapReport,
    ProxyReport,
    RequestsReport,
    RequestStatsReport,
)
from cosmicdeploy.text.formatting import counted


def lines(report: Report) -> Iterator[Text]:
    """Yield the lines about a run's measurements; an empty line precedes a group of lines."""
    yield from map(Text, _rollouts(report.steps))
    yield from map(_gap, report.gaps)
    if report.requests:
        yield from _requests(report.requests)
    yield from map(Text, _soaks(report.steps))


def _rollouts(steps: Iterable[StepReport]) -> Iterator[str]:
    for step in steps:
        if timings := step.facts.get(TIMINGS):
            yield ""
            yield (
                f"the rollout took {timings['seconds']:.1f} s; added up, engine and application"
                f" needed {timings['needed']:.1f} s"
            )
            yield f"  {_needed_for(timings['services'])}"
        if seconds := seconds_without_proxy(step):
            yield f"the proxy was down for {seconds:.1f} s: connections were refused"


def seconds_without_proxy(step: StepReport) -> float:
    """Return how many seconds the proxy was stopped; 0 if the step did not measure that."""
    return float(step.facts.get("proxy_away_seconds", 0.0))


def _needed_for(services: Mapping[str, Mapping[str, float]]) -> str:
    """Return for which phases the engine and the application needed the time.

    A restart does not create containers. Workers are replaced in parallel with the replicas, so the
    phases may add up to more than the duration.
    """
    create = "to create, " if any(CREATE in phases for phases in services.values()) else ""
    parallel = "; some run in parallel" if len(services) > 1 else ""
    return f"{create}to drain, to start and for the first responses{parallel}"


def _gap(gap: GapReport) -> Text:
    is_too_long = gap.seconds > gap.at_most_seconds
    verdict = "longer than announced" if is_too_long else "as announced"
    failed = "no requests were sent"
    if gap.failed is not None:
        failed = f"{counted(gap.failed, 'request')} failed"
    away = f"{gap.service} {gap.what} for {gap.seconds:.1f} s,"
    announced = f"{verdict} (at most {gap.at_most_seconds:.0f} s)"
    color = "red" if is_too_long else "yellow"
    return styled(f"{{}} [{color}]{{}}[/]: {{}}", away, announced, failed)


def _requests(requests: RequestsReport) -> Iterator[Text]:
    rest = f", {requests.held} held" if requests.held else ""
    rest += f", {requests.announced} in an announced gap" if requests.announced else ""
    rest += f", {requests.limited} limited (429)" if requests.limited else ""
    rest += f", longest gap {requests.longest_gap_ms:.0f} ms"
    yield Text()
    failed = _failures(requests.failed, "failed")
    yield styled("requests during the run: {} sent, {}{}", requests.sent, failed, rest)
    yield styled("  new connections:  {}", _stats(requests.new))
    yield styled("  kept connections: {}", _stats(requests.kept))
    for name, own in requests.applications.items():
        gap = f", longest gap {own.longest_gap_ms:.0f} ms"
        failed = _failures(own.failed, "failed")
        yield styled("  {}: {} sent, {}{}", name, own.sent, failed, gap)
    beats = _beats(requests.beats, requests.not_found) if requests.beats else Text()
    yield styled("  {}proxy: {}", beats, _proxy(requests.proxy))
    if requests.failing_before:
        yield styled(
            "  [yellow]requests failed before this run: {};[/]"
            " failures count only after the rollout",
            requests.failing_before,
        )
    for failure in requests.failures:
        yield styled("  [red]failed:[/] {}", failure)


def _soaks(steps: Iterable[StepReport]) -> Iterator[str]:
    """Yield a line for each soak step that passed."""
    for step in steps:
        if step.kind == "soak" and step.facts:
            facts = step.facts
            containers = counted(facts["containers"], "container")
            yield (
                f"soaked for {facts['seconds']:.0f} s: {containers} healthy,"
                f" {facts['failed']} of {facts['requests']} failed, {_latency(facts['p50_ms'])}"
            )


def _latency(p50_ms: Mapping[str, float | None]) -> str:
    before, after = p50_ms["before"], p50_ms["after"]
    if before is None or after is None:
        return "latency not compared"
    return f"p50 {before:.0f} → {after:.0f} ms"


def _stats(stats: RequestStatsReport) -> Text:
    times = f"p50 {stats.p50_ms:.1f}, p99 {stats.p99_ms:.1f}, max {stats.max_ms:.1f} ms"
    return styled("{} sent, {}, {}", stats.sent, _failures(stats.failed, "failed"), times)


def _beats(beats: BeatsReport, not_found: int) -> Text:
    looked_up = beats.found + not_found
    limited = Text()
    if beats.limited:
        limited = styled(", [yellow]{} limited (429): not proven[/]", beats.limited)
    if not_found:
        return styled("beats: [red]{} of {} not stored[/]{}; ", not_found, looked_up, limited)
    if looked_up:
        return styled("beats: {} of {} stored{}; ", beats.found, looked_up, limited)
    line = "beats: {} of {} ok, not looked up{}; "
    return styled(line, beats.acknowledged, beats.sent, limited)


def _proxy(proxy: ProxyReport | None) -> Text:
    if proxy is None:
        return Text("unknown (no access log)")
    errors, gone = _failures(proxy.errors, "5xx"), _failures(proxy.gone, "499")
    held = f", {proxy.held} held" if proxy.held else ""
    return styled("{}, {} of {}{}", errors, gone, proxy.answers, held)


def _failures(count: int, what: str) -> Text:
    return Text(f"{count} {what}", "red" if count else "green")
