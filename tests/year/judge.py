"""Judge what came of a scenario: outcome, exit codes, image, state, and the requests lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from benchmarks.deploy.requests import Request
from tests.year.attempt import Attempt, error_of
from tests.year.result import Row
from tests.year.scenario import Image, Lost, Scenario
from tests.year.table import codes_text

# How much longer than announced clients may notice an outage, in seconds: the proxy's own start,
# and the time between two requests.
SLACK_SECONDS = 5.0
MOST_REASONS = 5
# Kinds of steps in which clients are kept out, or a service is away.
KEEPING_OUT = ("quiesce", "services", "rollout", "reload", "restart-in-place")


@dataclass(frozen=True, kw_only=True)
class State:
    """The state of a stack at one moment: `snapshot`, and the images of some services."""

    snapshot: Mapping[str, Any]
    images: frozenset[str]


def judged(
    scenario: Scenario,
    attempt: Attempt,
    requests: Sequence[Request],
    states: tuple[State, State],
    earlier: frozenset[str],
) -> Row:
    """Return the row of a scenario; `states` are those before and after its commands.

    `earlier` are the images that ran before `scenario.given`.
    """
    before, after = states
    image = image_after(before.images, after.images, earlier)
    wrong = [
        *_wrong_outcome(scenario, attempt),
        *([] if image == scenario.expected.image else [f"the image after is {image}"]),
        *_wrong_state(scenario, before.snapshot, after.snapshot),
        *wrong_losses(scenario.lost, attempt, requests),
        *attempt.wrong,
    ]
    return Row(
        name=scenario.name,
        action=scenario.action,
        outcome=outcome_of(attempt),
        codes=tuple(attempt.codes),
        sent=len(requests),
        lost=sum(request.failed for request in requests),
        may_lose=str(scenario.lost),
        image=image,
        wrong=tuple(wrong),
        figures=tuple(attempt.figures),
    )


def outcome_of(attempt: Attempt) -> str:
    """Return the outcome in the last command's report, "" if it has none."""
    return str(attempt.report.get("outcome") or "")


def image_after(before: frozenset[str], after: frozenset[str], earlier: frozenset[str]) -> Image:
    """Return which image runs, from the image ids before and after, and those still earlier."""
    if after == before:
        return Image.OLD
    if after == earlier:
        return Image.EARLIER
    return Image.NEW if len(after) == 1 and not after & before else Image.MIXED


def _wrong_outcome(scenario: Scenario, attempt: Attempt) -> Iterator[str]:
    expected, outcome = scenario.expected, outcome_of(attempt)
    why = f" ({error})" if (error := error_of(attempt.report)) else ""
    if outcome != expected.outcome:
        yield f"the outcome is {outcome or 'unknown'}, not {expected.outcome}{why}"
    if tuple(attempt.codes) != tuple(expected.codes):
        found, due = codes_text(attempt.codes), codes_text(expected.codes)
        yield f"exit code {found}, not {due}{why}"


def _wrong_state(
    scenario: Scenario, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[str]:
    if scenario.expected.is_as_before and before != after:
        parts = [name for name in before if before[name] != after.get(name)]
        yield f"not as before: {', '.join(parts)}"


def wrong_losses(lost: Lost, attempt: Attempt, requests: Sequence[Request]) -> Iterator[str]:
    """Yield what is wrong with the requests that were lost, each kind with its count."""
    failed = [request for request in requests if request.failed]
    if lost.answers:
        failed = [r for r in failed if not _is_answer(r, lost.answers, attempt.ended_at)]
    if lost.announced:
        failed = _outside(failed, announced_seconds(attempt.report) + SLACK_SECONDS, attempt)
    kept = [request for request in failed if request.kept] if lost.kept else []
    early = [r for r in failed if r.due <= attempt.ended_at] if lost.until_end else []
    yield from _beyond(lost.kept, "on kept connections", kept)
    yield from _beyond(lost.until_end, "until the end", early)
    yield from _counted("lost", [r for r in failed if r not in kept and r not in early])


def _is_answer(request: Request, answer: tuple[str, int], end: float) -> bool:
    return (request.path, request.status) == answer and request.due <= end


def _outside(failed: Sequence[Request], seconds: float, attempt: Attempt) -> Sequence[Request]:
    """Return the requests that failed outside the announced time.

    No time was announced if the report has none; and clients are let in before the run ends. The
    report does not say when the time began: it began with the first request that failed since the
    step that keeps clients out.
    """
    if not announced_seconds(attempt.report):
        return failed
    earliest = _kept_out_from(attempt)
    began = min((request.due for request in failed if request.due >= earliest), default=earliest)
    end = min(began + seconds, attempt.ended_at)
    return [request for request in failed if not began <= request.due <= end]


def _kept_out_from(attempt: Attempt) -> float:
    """Return the earliest time at which the step that keeps clients out may have begun.

    By the monotonic clock. The report does not have the time before the first step, so the step may
    have begun somewhat later.
    """
    steps = list(attempt.report.get("steps") or ())
    before = takewhile(lambda step: not _keeps_out(step), steps)
    began = attempt.ended_at - float(attempt.report["seconds"])
    return began + sum(float(step["seconds"]) for step in before)


def _keeps_out(step: Mapping[str, Any]) -> bool:
    return step["kind"] in KEEPING_OUT and step["outcome"] not in ("unchanged", "skipped")


def _beyond(most: int, what: str, failed: Sequence[Request]) -> Iterator[str]:
    if len(failed) > most:
        yield f"{len(failed)} requests were lost {what}, {most} may be"


def announced_seconds(report: Mapping[str, Any]) -> float:
    """Return how long clients were kept out or services were away, by the run's own report."""
    gaps = sum(float(gap["seconds"]) for gap in report.get("gaps") or ())
    return float(report.get("turned_away_seconds") or 0) + gaps


def _counted(what: str, failed: Sequence[Request]) -> Iterator[str]:
    counts = Counter(request.description for request in failed)
    for description, count in counts.most_common(MOST_REASONS):
        yield f"{what}: {count} × {description}"  # noqa: RUF001 - a multiplication sign
