"""What a run notes down while it goes on."""

from __future__ import annotations

import time

import pytest

from cosmicdeploy.context import run_notes
from cosmicdeploy.context.run_notes import OUTPUT_LINES, RunNotes
from cosmicdeploy.events import Event, Progress, StepEnded, StepStarted, Warned

pytestmark = pytest.mark.unit


def ended(name: str) -> StepEnded:
    return StepEnded(name=name, kind="exec", outcome="changed", reason="", seconds=1.0)


def test_every_event_is_noted_and_passed_on() -> None:
    notes, passed = RunNotes(), list[Event]()
    emit = notes.listening(passed.append)
    events = [
        StepStarted(name="build", kind="build"),
        Progress(text="line"),
        Warned(text="careful"),
        ended("build"),
        Progress(text="outside of any step"),
    ]
    for event in events:
        emit(event)
    assert passed == events
    assert notes.warnings == ["careful"] and list(notes.output) == ["line"]
    began, end = notes.steps["build"]
    assert 0 <= began <= end


def test_only_the_last_lines_of_the_last_step_are_kept() -> None:
    notes = RunNotes()
    emit = notes.listening(lambda _event: None)
    for name in ("one", "two"):
        emit(StepStarted(name=name, kind="exec"))
        for number in range(OUTPUT_LINES + 5):
            emit(Progress(text=f"{name} {number}"))
        emit(ended(name))
    assert len(notes.output) == OUTPUT_LINES and notes.output[-1] == f"two {OUTPUT_LINES + 4}"


def test_phases_are_seconds_since_the_run_began_and_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run_notes, "MAX_PHASES", 2)
    notes = RunNotes()
    notes.add_phase("web", "start", notes.began + 1, notes.began + 2)
    notes.add_phase("web", "healthy", notes.began - 5, time.monotonic())
    notes.add_phase("web", "passes", 0, 1)
    assert [each.phase for each in notes.phases] == ["start", "healthy"]
    assert [(each.began, each.ended >= 0) for each in notes.phases] == [(1.0, True), (0.0, True)]
    assert notes.more == {"phases": 1}


def test_long_texts_and_many_warnings_take_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_notes, "MAX_WARNINGS", 2)
    notes = RunNotes()
    emit = notes.listening(lambda _event: None)
    emit(StepStarted(name="build", kind="build"))
    emit(Progress(text="x" * 10_000_000))
    for number in range(5):
        emit(Warned(text=f"warning {number}"))
    assert len(notes.output[0]) < 2 * run_notes.LONGEST
    assert notes.warnings == ["warning 0", "warning 1"] and notes.more == {"warnings": 3}
