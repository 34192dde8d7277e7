"""SIGTERM ends each wait of a run within two seconds, or the docs name the wait.

`tests/unit/probes/test_silent_servers.py` sends the signal while code waits for servers,
`tests/unit/steps/containers/test_interrupted_stops.py` while code waits for containers.
"""

from __future__ import annotations

import ast
import importlib

import pytest

from tests.unit.cli.messages.source import PACKAGE, sources
from tests.unit.process.wait_sources import callers, imported_by_runs, waits

pytestmark = pytest.mark.unit

# The wait pauses with safe points: its `sleep` is `Context.sleep`, or waits for an event that the
# waiting thread sets.
PAUSES = "sleep="
# The wait repeats a query. Each query begins with a safe point, and the pauses are short.
QUERIES = ("safe_point(", "awaited_container(", "_may_recover(")
INTERRUPTIBLE = "interruptible()"
# Waits that a signal does not end: place → the constants whose product is the wait in seconds.
SHORT = {
    "database/dump/rows/server_rows.py abandon": ("END_SECONDS",),
    "database/restore/background_proof.py abandon": ("END_SECONDS",),
    "engine/building/builders/buildx/buildx.py _running": ("_GRACE_SECONDS",),
    "lock/held_lock.py release": ("BEAT_SECONDS",),
    "operations/checklist/recording.py _complete": ("MAX_WAIT_SECONDS",),
    "probes/http.py send_with_retries": ("ATTEMPTS", "PAUSE_SECONDS"),
    "steps/commands/new_image.py _has_ended": ("END_REPORTED_WITHIN_SECONDS",),
}
SHORT_SECONDS = 2.0
# No run is under way and nothing has changed, so a signal simply ends the process.
NO_RUN = "no run"
# Modules that a run imports only for other functions: file → the functions that no run calls.
NO_RUN_FUNCTIONS = {
    "engine/commands/interactive.py": ("exec_interactive",),
    "lock/lock_status.py": ("inspect_lock", "release_stale"),
}
# A daemon thread waits. No other thread waits for its end, or another place listed here does.
THREAD = "daemon=True"
# A daemon thread waits, and another place listed here waits for its result or its end.
ELSEWHERE = "elsewhere"
# The future already has a result.
DONE = "done"
# No step is under way: the undo has ended, or the run has succeeded.
OVER = "the run is over"
# The wait is for local work on the bytes in a queue.
QUEUED = "QUEUE_BYTES"
QUEUED_BYTES = 8 << 20
# Words of docs/pipeline.md that name a wait which a signal does not end.
DOCS = " ".join((PACKAGE.parent / "docs/pipeline.md").read_text().split())
UNDO, SWAP, JOURNAL = "its undo", "the swap of", "a record is written"
STARTS, PRE_STOP = "has started; of a scheduler", "commands then have 60 s left"
STOPS = "its undo waits for that"
NAMED_IN_DOCS = (UNDO, SWAP, JOURNAL, STARTS, PRE_STOP, STOPS)
WAITS = {
    **dict.fromkeys(SHORT, "two seconds at most"),
    "context/context.py sleep": QUERIES,
    "database/dump/dump.py _check_after": ELSEWHERE,
    "database/dump/pipe.py _end": QUEUED,
    "database/dump/pipe.py _next": THREAD,
    "database/dump/pipe.py put": INTERRUPTIBLE,
    "database/dump/rows/server_rows.py result": INTERRUPTIBLE,
    "database/dump/rows/snapshots.py _early_if_nothing_was_committed": ELSEWHERE,
    "database/dump/rows/snapshots.py _looks": ELSEWHERE,
    "database/dump/rows/snapshots.py find": ELSEWHERE,
    "database/loading/parallel.py close": INTERRUPTIBLE,
    "database/restore/background_proof.py _pace": ELSEWHERE,
    "database/restore/background_proof.py result": ELSEWHERE,
    "database/session.py execute_when_unlocked": SWAP,
    "engine/building/builders/buildx/buildx.py build": INTERRUPTIBLE,
    "engine/commands/exec_streams.py _stdin_sent": INTERRUPTIBLE,
    "engine/commands/interactive.py _exit_code": NO_RUN,
    "engine/commands/interactive.py _follow_size": NO_RUN,
    "engine/commands/interactive.py _terminal_sized": NO_RUN,
    "engine/commands/log_follower.py finish": INTERRUPTIBLE,
    "engine/containers/ending.py wait_for_end": INTERRUPTIBLE,
    "engine/containers/removal.py _wait_removed": INTERRUPTIBLE,
    "journal/appending.py _open_to_append": JOURNAL,
    "lock/acquire.py _acquire": QUERIES,
    "lock/held_lock.py _beat": THREAD,
    "lock/lock_status.py inspect_lock": NO_RUN,
    "operations/diagnosis/fix.py _diagnose_until_passed": NO_RUN,
    "operations/doctor/checks/requests/stop_signals.py stop_signals": NO_RUN,
    "operations/doctor/checks/requests/stop_trial.py try_stop": PAUSES,
    "operations/doctor/examine.py _end": NO_RUN,
    "operations/doctor/examine.py _result": NO_RUN,
    "operations/doctor/examine.py examine": NO_RUN,
    "operations/logs/files.py _no_input_until": NO_RUN,
    "operations/logs/follow.py _next_batch": NO_RUN,
    "operations/monitor/log_lines.py __call__": NO_RUN,
    "probes/monitor/event.py collect": NO_RUN,
    "probes/proof/access_log.py _read_in_time": "_read_in_time",
    "probes/proof/stream.py _send_on_schedule": THREAD,
    "probes/proof/stream.py _wait_for_responses": OVER,
    "probes/proof/stream.py stop": OVER,
    "probes/readiness.py _wait": QUERIES,
    "probes/serving.py wait_until_served": PAUSES,
    "process/background.py finish": STOPS,
    "process/background.py run": QUERIES,
    "process/concurrency.py _results": INTERRUPTIBLE,
    "process/polling.py poll": DONE,
    "proxy/caddy/traffic.py _require_failing": PAUSES,
    "proxy/caddy/traffic.py _wait_until_finished": PAUSES,
    "proxy/haproxy/control.py wait_until_finished": PAUSES,
    "proxy/haproxy/traffic.py _poll": PAUSES,
    "proxy/draining/in_flight.py wait_until_closed": PAUSES,
    "proxy/nginx/server.py _has_new_workers": PAUSES,
    "proxy/probe_requests.py unreached": QUERIES,
    "proxy/traefik/traffic.py _poll": PAUSES,
    "steps/backups/data_proof.py _outcome": ELSEWHERE,
    "steps/commands/command.py _try": PAUSES,
    "steps/commands/feature_flags.py _wait_seen": PAUSES,
    "steps/containers/maintenance/maintenance.py _require_response": PAUSES,
    "steps/containers/restart/stop_start.py _do_for_each": STARTS,
    "steps/containers/stopping.py _prepare": PRE_STOP,
    "steps/containers/stopping.py _wait_between_jobs": PAUSES,
    "steps/containers/stopping.py pause": STOPS,
    "steps/infrastructure/answers.py _in_time": QUERIES,
    "steps/infrastructure/answers.py wait_settled": QUERIES,
    "steps/rollout/replacement/executor.py _replace_main": STARTS,
    "steps/schema/end_sessions.py verify": PAUSES,
    "steps/schema/migrate.py _wait_for_database": UNDO,
    "traffic/traffic_stats.py settle": INTERRUPTIBLE,
    "verification/excused.py wait_for_recovery": QUERIES,
    "workspace.py _engine_of": NO_RUN,
}
FOUND = list(waits())


def test_every_wait_is_enumerated() -> None:
    assert sorted({wait.place for wait in FOUND}) == sorted(WAITS)


def places(*kinds: object) -> list[str]:
    return [place for place, kind in WAITS.items() if kind in kinds]


@pytest.mark.parametrize("place", places(PAUSES, QUERIES, INTERRUPTIBLE))
def test_a_signal_ends_the_wait(place: str) -> None:
    how = WAITS[place]
    for wait in FOUND:
        if wait.place != place or wait.call.startswith(("future.result", "call.future.result")):
            continue
        if how is PAUSES:
            assert PAUSES in wait.call
        else:
            assert any(text in wait.function for text in (*QUERIES, INTERRUPTIBLE))


@pytest.mark.parametrize("place", places(*NAMED_IN_DOCS))
def test_the_docs_name_what_a_signal_does_not_end(place: str) -> None:
    assert str(WAITS[place]) in DOCS


def module_of(place: str) -> str:
    return place.split(maxsplit=1)[0].removesuffix(".py").replace("/", ".")


@pytest.mark.parametrize("place", SHORT)
def test_a_short_wait_is_short(place: str) -> None:
    module, seconds = importlib.import_module(f"{PACKAGE.name}.{module_of(place)}"), 1.0
    for name in SHORT[place]:
        seconds *= getattr(module, name)
        assert any(wait.place == place and name in wait.function for wait in FOUND)
    assert seconds <= SHORT_SECONDS


def test_no_run_waits_for_what_only_other_commands_wait_for() -> None:
    in_runs = imported_by_runs()
    assert "steps/containers/stopping.py" in in_runs
    for file in {place.split()[0] for place in places(NO_RUN)} & in_runs:
        for function in NO_RUN_FUNCTIONS[file]:
            assert callers(function), f"{function} has another name"
            assert not callers(function) & in_runs - {file}, function


@pytest.mark.parametrize("place", places(THREAD))
def test_a_waiting_thread_does_not_prevent_the_end_of_the_process(place: str) -> None:
    assert THREAD in (PACKAGE / place.split(maxsplit=1)[0]).read_text()


def test_a_queue_is_short() -> None:
    (place,) = places(QUEUED)
    module = importlib.import_module(f"{PACKAGE.name}.{module_of(place)}")
    assert getattr(module, QUEUED) <= QUEUED_BYTES


@pytest.mark.parametrize("place", places(DONE))
def test_a_result_is_read_only_from_a_completed_future(place: str) -> None:
    assert {wait.call for wait in FOUND if wait.place == place} == {"state.outcome.result()"}


def test_a_step_that_reads_the_access_log_can_be_interrupted() -> None:
    """The log is also read at the end of a run; by then, a signal no longer has an effect."""
    reading = {file for file in callers("count_spans") if "client_failures" not in file}
    assert reading == {"probes/proof/soak_comparison.py"}
    assert "with interruptible():" in (PACKAGE / reading.pop()).read_text()


def test_only_the_module_that_can_be_interrupted_stops_containers() -> None:
    stopping = {
        str(path.relative_to(PACKAGE))
        for path, module in sources()
        for node in ast.walk(module)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("engine.stop")
    }
    # `doctor` stops containers of its own, in which nothing is in hand.
    own = {"operations/doctor/checks/requests/stop_trial.py"}
    assert stopping == {"steps/containers/stopping.py", *own}
