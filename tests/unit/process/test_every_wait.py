"""Every place at which a run can wait: SIGTERM ends it within two seconds, or the docs name it.

`tests/unit/probes/test_silent_servers.py` sends the signal to what waits for servers,
`tests/unit/steps/containers/test_interrupted_stops.py` to what waits for containers.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.unit.cli.messages.source import PACKAGE, sources

pytestmark = pytest.mark.unit

# The pauses have safe points: `sleep` is `Context.sleep`, or an event that the waiting thread sets.
PAUSES = "sleep="
# Each query begins with a safe point, and the pauses are short.
QUERIES = ("safe_point(", "awaited_container(", "_may_recover(")
INTERRUPTIBLE = "interruptible()"
SHORT = "two seconds at most"
# A signal ends the process: no run is under way, and nothing has changed.
NO_RUN = "no run"
# What a signal does not end, as docs/pipeline.md says.
DOCS = (PACKAGE.parent / "docs/pipeline.md").read_text()
UNDO, SWAP, JOURNAL = "its undo", "the swap of", "a record is written"
WAITS = {
    "context/context.py sleep": QUERIES,
    "database/session.py execute_when_unlocked": SWAP,
    "journal/appending.py _open_to_append": JOURNAL,
    "lock/acquire.py _acquire": QUERIES,
    "lock/lock_status.py inspect_lock": NO_RUN,
    "operations/diagnosis/fix.py _diagnose_until_passed": NO_RUN,
    "operations/logs/files.py _no_input_until": NO_RUN,
    "operations/logs/follow.py _next_batch": NO_RUN,
    "engine/commands/interactive.py _exit_code": NO_RUN,
    "probes/http.py send_with_retries": SHORT,
    "probes/monitor/event.py collect": NO_RUN,
    "probes/monitor/event.py polling_collector": NO_RUN,
    "probes/readiness.py _wait": QUERIES,
    "proxy/drain.py _wait_until_drained": PAUSES,
    "proxy/nginx/server.py _has_new_workers": PAUSES,
    "proxy/probe_requests.py unreached": QUERIES,
    "steps/commands/command.py _try": PAUSES,
    "steps/commands/feature_flags.py _wait_seen": PAUSES,
    "steps/commands/new_image.py _has_ended": SHORT,
    "steps/containers/maintenance/maintenance.py _require_response": PAUSES,
    "steps/containers/stopping.py _wait_between_jobs": PAUSES,
    "steps/infrastructure/answers.py _in_time": QUERIES,
    "steps/infrastructure/answers.py wait_settled": QUERIES,
    "steps/schema/end_sessions.py verify": PAUSES,
    "steps/schema/migrate.py _wait_for_database": UNDO,
    "traffic/traffic_stats.py settle": INTERRUPTIBLE,
    "verification/excused.py wait_for_recovery": QUERIES,
}


@dataclass(frozen=True)
class Wait:
    """A call that polls or sleeps: its file and function, its source, and that of the function."""

    place: str
    call: str
    function: str


def waits() -> Iterator[Wait]:
    for path, module in sources():
        for function in ast.walk(module):
            if not isinstance(function, ast.FunctionDef):
                continue
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in ("poll", "time.sleep"):
                    place = f"{path.relative_to(PACKAGE)} {function.name}"
                    yield Wait(place, ast.unparse(node), ast.unparse(function))


FOUND = list(waits())


def test_every_wait_is_enumerated() -> None:
    assert sorted({wait.place for wait in FOUND}) == sorted(WAITS)


@pytest.mark.parametrize("place", WAITS)
def test_a_signal_ends_every_wait_or_the_docs_name_it(place: str) -> None:
    how = WAITS[place]
    for wait in FOUND:
        if wait.place != place:
            continue
        if how is PAUSES:
            assert PAUSES in wait.call
        elif how in (QUERIES, INTERRUPTIBLE):
            assert any(text in wait.function for text in (*QUERIES, INTERRUPTIBLE))
        elif how in (UNDO, SWAP, JOURNAL):
            assert how in DOCS


def test_only_the_module_that_can_be_interrupted_stops_containers() -> None:
    stopping = {
        str(path.relative_to(PACKAGE))
        for path, module in sources()
        for node in ast.walk(module)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("engine.stop")
    }
    assert stopping == {"steps/containers/stopping.py"}
