"""A container that has the lock's name, but is no lock, is never removed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from cosmicdeploy.engine.facts import Marker
from cosmicdeploy.errors import EngineError
from cosmicdeploy.lock import (
    LockWait,
    hold_lock,
    holder_pid,
    inspect_lock,
    living_holder,
    release_stale,
)

pytestmark = pytest.mark.unit

NAME = "cosmicdeploy-lock-shop"


class ForeignContainer:
    """An engine on which another program's container has the lock's name."""

    def __init__(self, labels: Mapping[str, str]) -> None:
        self.marker = Marker(id="theirs", labels=labels, is_own=False)
        self.removed: list[str] = []

    def claim_marker(self, name: str, _labels: Mapping[str, str]) -> Marker:
        assert name == NAME
        return self.marker

    def find_marker(self, name: str) -> Marker:
        return self.claim_marker(name, {})

    def last_beat(self, _id: str) -> None:
        return None

    def remove_marker(self, marker_id: str) -> None:
        self.removed.append(marker_id)


def acquire(engine: Any) -> None:
    with hold_lock(engine, "shop", "deploy", LockWait(wait=0.2, stale_after=0)):
        pass


def inspect(engine: Any) -> None:
    inspect_lock(engine, "shop", 0)


def release(engine: Any) -> None:
    release_stale(engine, "shop", 0)


@pytest.mark.parametrize("use", [acquire, inspect, release])
@pytest.mark.parametrize(
    "labels", [{}, {"app": "shop"}, {"cosmicdeploy.marker": "run"}, {"pid": "1", "machine": ""}]
)
def test_a_foreign_container_is_named_and_stays(
    use: Callable[[Any], None], labels: dict[str, str]
) -> None:
    engine = ForeignContainer(labels)
    with pytest.raises(EngineError, match="is not a lock of cosmicdeploy") as caught:
        use(engine)
    assert caught.value.where == NAME and f"docker rename {NAME} " in caught.value.todo
    assert engine.removed == []


def test_a_foreign_container_holds_no_lock() -> None:
    engine: Any = ForeignContainer({"pid": "1"})
    assert living_holder(engine, "shop") is None
    assert holder_pid(engine, "shop") is None


def test_a_silent_lock_is_still_released() -> None:
    engine: Any = ForeignContainer({"cosmicdeploy.marker": "lock", "machine": "elsewhere"})
    assert release_stale(engine, "shop", 0) is engine.marker
    assert engine.removed == ["theirs"]
