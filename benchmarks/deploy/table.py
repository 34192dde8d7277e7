"""The results as Markdown tables: the measurements, and the limits for cosmicdeploy."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from benchmarks.deploy.measure import Deploy
from benchmarks.deploy.requests import Request, p99, percentile
from benchmarks.deploy.ways.contestants import COSMICDEPLOY, SETTINGS, TITLES

GUIDE = "a"
COLUMNS = (
    "contestant",
    "deploys",
    "requests",
    "failed, new connection",
    "failed, kept alive",
    "p99 before, ms",
    "p99 during, ms",
    "max, ms",
    "wall, s",
    "new image runs",
)


@dataclass(kw_only=True)
class Results:
    """All measurements; `notes` are errors, such as a contestant that cannot be installed."""

    deploys: list[Deploy] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    no_op: float | None = None
    start: Mapping[str, float] = field(default_factory=dict)
    with_waits: Deploy | None = None

    def of(self, key: str) -> list[Deploy]:
        """Return the deploys of a contestant, including failed ones."""
        return [deploy for deploy in self.deploys if deploy.key == key]


@dataclass(frozen=True)
class Limit:
    """A figure and its limit; `met` is None if the figure was not measured."""

    figure: str
    measured: str
    required: str
    met: bool | None


def measured_table(results: Results) -> str:
    """Render the measurements, one row per contestant."""
    rows = [_row(key, results.of(key)) for key in TITLES if results.of(key)]
    return markdown(COLUMNS, rows)


def _row(key: str, deploys: list[Deploy]) -> list[str]:
    requests = _all(deploys)
    failed = [request for request in requests if request.failed]
    erred = sum(1 for deploy in deploys if deploy.error)
    return [
        f"({key}) {TITLES[key]}",
        f"{len(deploys)}" + (f" ({erred} ended with an error)" if erred else ""),
        f"{len(requests):,}",
        str(sum(1 for request in failed if not request.kept)),
        str(sum(1 for request in failed if request.kept)),
        f"{p99(r for d in deploys for r in d.before):.1f}",
        f"{p99(r for d in deploys for r in d.during):.1f}",
        f"{slowest(deploys):.0f}",
        f"{wall(deploys):.1f}",
        _yes_no([deploy.new_image for deploy in deploys]),
    ]


def _all(deploys: Iterable[Deploy]) -> list[Request]:
    return [request for deploy in deploys for request in deploy.requests]


def _yes_no(answers: list[bool]) -> str:
    if len(set(answers)) == 1:
        return "yes" if answers[0] else "**no**"
    return f"{sum(answers)} of {len(answers)}"


def slowest(deploys: Iterable[Deploy]) -> float:
    """Return the highest latency since due, in ms, during and after the deploys."""
    return max((r.ms for d in deploys for r in (*d.during, *d.after)), default=0.0)


def wall(deploys: Iterable[Deploy]) -> float:
    """Return the median seconds of the successful deploys; 0 if there are none."""
    return statistics.median([d.seconds for d in deploys if not d.error] or [0.0])


def check_limits(results: Results) -> Iterator[Limit]:
    """Yield the limits for cosmicdeploy, each with the measured value."""
    deploys, guide = results.of(COSMICDEPLOY), results.of(GUIDE)
    if deploys:
        yield from _request_limits(deploys)
        yield _guide_limit(deploys, guide)
        yield _rollout_limit(deploys)
    no_op = results.no_op
    if no_op is not None:
        yield Limit("a deploy with nothing to do", f"{no_op:.2f} s", "≤ 2 s", no_op <= 2)
    if results.start:
        ratio = results.start["help"] / results.start["typer"]
        text = f"{ratio:.2f} × ({results.start['help'] * 1000:.0f} ms)"
        yield Limit("`--help` / `import typer`", text, "≤ 1.5 ×", ratio <= 1.5)


def _request_limits(deploys: list[Deploy]) -> Iterator[Limit]:
    requests = _all(deploys)
    failed = sum(1 for request in requests if request.failed)
    yield Limit("failed requests", f"{failed} of {len(requests):,}", "0", failed == 0)
    wrong = sum(1 for deploy in deploys if deploy.error or not deploy.new_image)
    yield Limit("failed deploys", f"{wrong} of {len(deploys)}", "0", wrong == 0)
    before = p99(r for d in deploys for r in d.before)
    during = p99(r for d in deploys for r in d.during)
    ratio = during / before if before else 0.0
    ratios = [p99(d.during) / p99(d.before) for d in deploys if d.before and d.during]
    text = f"{ratio:.1f} × (per deploy: median {statistics.median(ratios):.1f} ×, at most"
    text += f" {max(ratios):.1f} ×)"
    yield Limit("p99 during / p99 before", text, "≤ 3 ×", ratio <= 3)
    longest = slowest(deploys)
    quiet = max((r.ms for d in deploys for r in d.before), default=0.0)
    text = f"{longest:.0f} ms (without a deploy: {quiet:.0f} ms)"
    yield Limit("slowest response", text, "≤ 500 ms", longest <= 500)


def _guide_limit(deploys: list[Deploy], guide: list[Deploy]) -> Limit:
    figure, required = "wall time / the guide's", "≤ 0.4 ×"
    if not (wall(guide) and wall(deploys)):
        return Limit(figure, "not measured", required, None)
    ratio = wall(deploys) / wall(guide)
    fastest = min(deploy.seconds for deploy in deploys if not deploy.error)
    text = f"{ratio:.2f} × (the fastest: {fastest / wall(guide):.2f} ×)"
    return Limit(figure, text, required, ratio <= 0.4)


def _rollout_limit(deploys: list[Deploy]) -> Limit:
    figure, required = "rollout / time that engine and app need", "≤ 1.3 ×"
    rollouts = [times for deploy in deploys if (times := rollout_times(deploy))]
    if not rollouts:
        return Limit(figure, "not measured: the report has no times", required, None)
    ratio = statistics.median(times["seconds"] / times["needed"] for times in rollouts)
    seconds = statistics.median(times["seconds"] for times in rollouts)
    return Limit(figure, f"{ratio:.2f} × ({seconds:.1f} s)", required, ratio <= 1.3)


def rollout_times(deploy: Deploy) -> Mapping[str, float] | None:
    """Return the times of the rollout in the report, in seconds.

    `seconds` is the whole duration; `needed` is the time that the engine and the application need.

    Returns None if the report has no rollout with times.
    """
    for step in deploy.report.get("steps", ()):
        is_rollout = step.get("kind") in ("rollout", "restart")
        times = step.get("facts", {}).get("timings") if is_rollout else None
        if times and times.get("needed"):
            return times  # type: ignore[no-any-return]
    return None


def limits_table(limits: Iterable[Limit]) -> str:
    """Render the limits, one row per figure."""
    words = {True: "yes", False: "**NO**", None: "–"}
    rows = [[each.figure, each.measured, each.required, words[each.met]] for each in limits]
    return markdown(("required of cosmicdeploy", "measured", "limit", "met"), rows)


def remarks(results: Results) -> Iterator[str]:
    """Yield the notes that a reader of the tables needs, and all errors."""
    for key, setting in SETTINGS.items():
        if results.of(key):
            yield f"({key}) {setting}."
    if sent := _all(results.deploys):
        lag = percentile((request.lag_ms for request in sent), 0.99)
        yield (
            "Latencies count from when a request was due;"
            f" the delay of the sender itself was {lag:.1f} ms at p99."
        )
    yield "Requests go to the load balancer's own address: the published port adds a local proxy."
    if results.with_waits:
        failed = sum(1 for request in results.with_waits.requests if request.failed)
        yield (
            "With `restart.stable_for` before the rollout and the soak after it:"
            f" {results.with_waits.seconds:.1f} s,"
            f" {failed} failed of {len(results.with_waits.requests):,}."
        )
    for deploy in results.deploys:
        if deploy.error:
            yield f"({deploy.key}), deploy {deploy.number}: {deploy.error}."
    yield from results.notes


def markdown(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Render a Markdown table."""
    head = list(head)
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
