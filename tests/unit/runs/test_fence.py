"""The fence around an engine."""

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
    "remove_unused_image",
    "ensure_network",
    "ensure_volume",
    "exec",
    "exec_as",
    "pull",
    "pull_bases",
    "remove_marker",
    "remove",
    "remove_project",
    "rename",
    "run_oneoff",
    "start",
    "stop",
    "tag",
    "untag",
}


class Recorder:
    """An engine whose every method only says that it was called."""

    def __init__(self) -> None:
        self.called: list[str] = []

    def __getattr__(self, name: str) -> object:
        return lambda *_given, **_named: self.called.append(name)


def lost() -> None:
    raise LockLost("another run took the lock over")


def test_every_engine_method_is_known_to_read_or_to_change() -> None:
    methods = {name for name, _ in inspect.getmembers(Engine, inspect.isfunction)}
    assert {m for m in methods if not m.startswith("_")} == READ_ONLY | CHANGES


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_a_run_that_lost_the_lock_cannot_change_anything(name: str) -> None:
    recorder = Recorder()
    engine = fenced(recorder, lost)  # type: ignore[arg-type]
    with pytest.raises(LockLost):
        getattr(engine, name)("x")
    assert recorder.called == []


def test_a_run_that_lost_the_lock_can_still_read() -> None:
    recorder = Recorder()
    engine = fenced(recorder, lost)  # type: ignore[arg-type]
    engine.container("x")
    assert recorder.called == ["container"]


def test_the_lock_holder_can_change_everything() -> None:
    recorder, asked = Recorder(), []
    engine = fenced(recorder, lambda: asked.append("asked"))  # type: ignore[arg-type]
    engine.rename("x", "y")
    assert (recorder.called, asked) == (["rename"], ["asked"])
