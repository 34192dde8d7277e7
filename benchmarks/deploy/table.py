"""The tables, as Markdown: what was measured, and the limits beside it."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from benchmarks.deploy.contestants import OURS, SETTINGS, TITLES
from benchmarks.deploy.measure import Deploy
from benchmarks.deploy.requests import Request, p99, percentile

GUIDE = "a"
MEASURED = (
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
    """All that was measured; `notes` are of contestants that could not take part, and the like."""

    deploys: list[Deploy] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    no_op: float | None = None
    start: Mapping[str, float] = field(default_factory=dict)
    watched: Deploy | None = None

    def of(self, key: str) -> list[Deploy]:
        """One contestant's deploys; those that failed too."""
        return [deploy for deploy in self.deploys if deploy.key == key]


@dataclass(frozen=True)
class Limit:
    """A figure as measured beside what is required; `met` is None where it was not measured."""

    figure: str
    measured: str
    required: str
    met: bool | None


def measured(results: Results) -> str:
    """A row for each contestant that deployed."""
    rows = [_row(key, results.of(key)) for key in TITLES if results.of(key)]
    return markdown(MEASURED, rows)


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
    """The longest answer in ms, from when it was due, of those during and after the deploys."""
    return max((r.ms for d in deploys for r in (*d.during, *d.after)), default=0.0)


def wall(deploys: Iterable[Deploy]) -> float:
    """The median of the deploys that came to their end, in seconds; 0 where none did."""
    return statistics.median([d.seconds for d in deploys if not d.error] or [0.0])


def limits(results: Results) -> Iterator[Limit]:
    """What is required of cosmicdeploy."""
    ours, guide = results.of(OURS), results.of(GUIDE)
    if ours:
        yield from _promises(ours)
        yield _beside_the_guide(ours, guide)
        yield _roll(ours)
    no_op = results.no_op
    if no_op is not None:
        yield Limit("a deploy with nothing to do", f"{no_op:.2f} s", "≤ 2 s", no_op <= 2)
    if results.start:
        ratio = results.start["help"] / results.start["typer"]
        text = f"{ratio:.2f} × ({results.start['help'] * 1000:.0f} ms)"
        yield Limit("`--help` beside `import typer`", text, "≤ 1.5 ×", ratio <= 1.5)


def _promises(ours: list[Deploy]) -> Iterator[Limit]:
    requests = _all(ours)
    failed = sum(1 for request in requests if request.failed)
    yield Limit("failed requests", f"{failed} of {len(requests):,}", "0", failed == 0)
    wrong = sum(1 for deploy in ours if deploy.error or not deploy.new_image)
    yield Limit("deploys not done", f"{wrong} of {len(ours)}", "0", wrong == 0)
    before = p99(r for d in ours for r in d.before)
    during = p99(r for d in ours for r in d.during)
    ratio = during / before if before else 0.0
    each = [p99(d.during) / p99(d.before) for d in ours if d.before and d.during]
    text = f"{ratio:.1f} × (of one deploy: median {statistics.median(each):.1f} ×, at most"
    text += f" {max(each):.1f} ×)"
    yield Limit("p99 during beside p99 before", text, "≤ 3 ×", ratio <= 3)
    longest, quiet = slowest(ours), max((r.ms for d in ours for r in d.before), default=0.0)
    text = f"{longest:.0f} ms (before, with no deploy at work: {quiet:.0f} ms)"
    yield Limit("longest answer", text, "≤ 500 ms", longest <= 500)


def _beside_the_guide(ours: list[Deploy], guide: list[Deploy]) -> Limit:
    figure, required = "wall time beside the guide's", "≤ 0.4 ×"
    if not (wall(guide) and wall(ours)):
        return Limit(figure, "not measured", required, None)
    ratio = wall(ours) / wall(guide)
    quickest = min(deploy.seconds for deploy in ours if not deploy.error)
    text = f"{ratio:.2f} × (the quickest: {quickest / wall(guide):.2f} ×)"
    return Limit(figure, text, required, ratio <= 0.4)


def _roll(ours: list[Deploy]) -> Limit:
    figure, required = "roll beside what engine and app need", "≤ 1.3 ×"
    rolls = [roll for deploy in ours if (roll := roll_of(deploy))]
    if not rolls:
        return Limit(figure, "not measured: the report does not tell", required, None)
    ratio = statistics.median(roll["seconds"] / roll["needed"] for roll in rolls)
    seconds = statistics.median(roll["seconds"] for roll in rolls)
    return Limit(figure, f"{ratio:.2f} × ({seconds:.1f} s)", required, ratio <= 1.3)


def roll_of(deploy: Deploy) -> Mapping[str, float] | None:
    """The rollout step's own account: `seconds` in all, and the `needed` among them."""
    for step in deploy.report.get("steps", ()):
        roll = step.get("facts", {}).get("roll") if step.get("kind") == "rollout" else None
        if roll and roll.get("needed"):
            return roll  # type: ignore[no-any-return]
    return None


def judged(found: Iterable[Limit]) -> str:
    """The limits as a table."""
    words = {True: "yes", False: "**NO**", None: "–"}
    rows = [[one.figure, one.measured, one.required, words[one.met]] for one in found]
    return markdown(("required of cosmicdeploy", "measured", "limit", "met"), rows)


def remarks(results: Results) -> Iterator[str]:
    """What has to be known beside the tables."""
    for key, setting in SETTINGS.items():
        if results.of(key):
            yield f"({key}) {setting}."
    if sent := _all(results.deploys):
        lag = percentile((request.lag_ms for request in sent), 0.99)
        yield (
            "Latencies count from when a request was due;"
            f" the sender's own part of it: {lag:.1f} ms at p99."
        )
    yield "The load comes to the load balancer's own address, as that of clients elsewhere does."
    if results.watched:
        failed = sum(1 for request in results.watched.requests if request.failed)
        yield (
            f"With the watch after the deploy: {results.watched.seconds:.1f} s,"
            f" {failed} failed of {len(results.watched.requests):,}."
        )
    for deploy in results.deploys:
        if deploy.error:
            yield f"({deploy.key}), deploy {deploy.number}: {deploy.error}."
    yield from results.notes


def markdown(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table."""
    head = list(head)
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
