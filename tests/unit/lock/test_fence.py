"""The fence around an engine: a run that lost the lock can read, and change nothing."""

from __future__ import annotations

import inspect

import pytest

from cosmicdeploy.engine.protocol import Engine
from cosmicdeploy.errors import LockLost
from cosmicdeploy.lock.fence import READ_ONLY, fenced

CHANGES = {
    "beat",
    "build",
    "claim_marker",
    "exec_interactive",
    "create",
    "discard",
    "remove_unused_image",
    "ensure_network",
    "ensure_volume",
    "exec",
    "exec_as",
    "image_files",
    "image_has",
    "pull",
    "pull_bases",
    "remove_marker",
    "remove",
    "remove_project",
    "rename",
    "run_hook",
    "run_oneoff",
    "start",
    "stop",
    "tag",
    "untag",
}


class Recorder:
    """An engine whose methods only record that they were called."""

    def __init__(self) -> None:
        self.called: list[str] = []

    def __getattr__(self, name: str) -> object:
        return lambda *_given, **_named: self.called.append(name)


def raise_lock_lost() -> None:
    raise LockLost("another run took the lock over")


def test_every_engine_method_is_listed_as_reading_or_changing() -> None:
    methods = {name for name, _ in inspect.getmembers(Engine, inspect.isfunction)}
    assert {m for m in methods if not m.startswith("_")} == READ_ONLY | CHANGES


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_a_run_that_lost_the_lock_cannot_change_anything(name: str) -> None:
    recorder = Recorder()
    engine = fenced(recorder, raise_lock_lost)  # type: ignore[arg-type]
    with pytest.raises(LockLost):
        getattr(engine, name)("x")
    assert recorder.called == []


def test_a_run_that_lost_the_lock_can_still_read() -> None:
    recorder = Recorder()
    engine = fenced(recorder, raise_lock_lost)  # type: ignore[arg-type]
    engine.container("x")
    assert recorder.called == ["container"]


def test_the_lock_holder_can_change_everything() -> None:
    recorder, lock_checks = Recorder(), list[str]()
    engine = fenced(recorder, lambda: lock_checks.append("checked"))  # type: ignore[arg-type]
    engine.rename("x", "y")
    assert (recorder.called, lock_checks) == (["rename"], ["checked"])
