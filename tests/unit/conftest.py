"""A context without an engine or a stack, for tests that need neither."""

from __future__ import annotations

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
