"""A context without an engine or a stack, for tests that need neither."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.events import Event
from cosmicdeploy.journal.journal import Journal


class NoEngine:
    """Fails the test on any access to the engine."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"this test must not use the engine, but asked for {name}")


@pytest.fixture(autouse=True)
def no_compose_plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the plugin that the tests of a stack use, since they may run in the same process."""
    monkeypatch.delenv("DOCKER_CONFIG", raising=False)


@pytest.fixture
def events() -> list[Event]:
    return []


@pytest.fixture
def ctx(tmp_path: Path, events: list[Event]) -> Context:
    return Context(
        loaded=None,  # type: ignore[arg-type]
        stack=None,  # type: ignore[arg-type]
        engine=NoEngine(),  # type: ignore[arg-type]
        journal=Journal(path=tmp_path / "journal.jsonl"),
        catalogue=None,  # type: ignore[arg-type]
        emit=events.append,
    )


@pytest.fixture
def time_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Sets the time zone of this process; it is as before after the test."""

    def use(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield use
    monkeypatch.undo()
    time.tzset()
