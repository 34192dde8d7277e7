"""Run a scenario from the known state, judge it, and put back what it has changed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.deploy.requests import Request, p99, read_requests
from tests.stack.stacks.php.strangers_laravel import StrangersLaravel
from tests.year.attempt import FAILURES, Attempt
from tests.year.healthy import HealthyStack, say
from tests.year.judge import State, judged, outcome_of
from tests.year.load import load
from tests.year.result import Row
from tests.year.scenario import Scenario

# Low enough for two cores that deploy and build at the same time.
RATE = 20.0
MOST_CHARACTERS = 600


def run_scenario(
    healthy: HealthyStack, scenario: Scenario, folder: Path, rate: float = RATE
) -> Row:
    """Run a scenario; write its requests and its commands' output to files in `folder`.

    `rate` is in requests per second, for scenarios without a rate of their own.
    """
    try:
        stack = healthy.get()
    except FAILURES as error:
        return _failed(scenario, f"no healthy stack: {error}")
    attempt, name = Attempt(stack), scenario.name.replace(" ", "-").replace("/", "-per-")
    with stack.files_kept():
        row = _row(scenario, attempt, folder / f"{name}.requests.jsonl", scenario.rate or rate)
        (folder / f"{name}.log").write_text("\n".join(attempt.output))
        try:
            attempt.put_back.close()
        except FAILURES as error:
            say(f"{scenario.name}: cannot be put back: {error}")
            healthy.remove()
    return row


def _row(scenario: Scenario, attempt: Attempt, out: Path, rate: float) -> Row:
    """Run and judge a scenario; what goes wrong on the way is part of the row."""
    stack = attempt.stack
    try:
        earlier = frozenset(stack.images_of(scenario.services))
        if scenario.given:
            scenario.given(attempt)
        before = _state(stack, scenario)
        with load(stack, rate, out):
            scenario.run(attempt)
        requests = read_requests(out)
        if scenario.rate:
            attempt.figures.append(_latencies(requests, rate))
        return judged(scenario, attempt, requests, (before, _state(stack, scenario)), earlier)
    except FAILURES as error:
        return _failed(scenario, str(error) or type(error).__name__, attempt)


def _failed(scenario: Scenario, reason: str, attempt: Attempt | None = None) -> Row:
    lines = " / ".join(line for line in reason.splitlines()[:3] if line.strip())
    return Row(
        name=scenario.name,
        action=scenario.action,
        outcome=outcome_of(attempt) if attempt else "",
        codes=tuple(attempt.codes) if attempt else (),
        may_lose=str(scenario.lost),
        wrong=(*(attempt.wrong if attempt else ()), lines[:MOST_CHARACTERS]),
    )


def _state(stack: StrangersLaravel, scenario: Scenario) -> State:
    return State(snapshot=stack.snapshot(), images=frozenset(stack.images_of(scenario.services)))


def _latencies(requests: Sequence[Request], rate: float) -> str:
    longest = max((request.ms for request in requests), default=0.0)
    return f"{rate:g} requests/s: p99 {p99(requests):.0f} ms, the longest {longest:.0f} ms"
