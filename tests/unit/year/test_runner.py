"""A scenario that goes wrong is a row like any other, and what it changed is put back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.stack.stacks.php.strangers_laravel import StrangersLaravel
from tests.year import runner
from tests.year.attempt import Attempt
from tests.year.healthy import HealthyStack
from tests.year.result import Row
from tests.year.scenario import Expected, Image, Scenario

pytestmark = pytest.mark.unit


class Unconnected(StrangersLaravel):
    """A stack without an engine; `image` is what all its containers run."""

    image: ClassVar[str] = "old"

    def images_of(self, services: Sequence[str]) -> set[str]:
        return {self.image}

    def snapshot(self) -> dict[str, Any]:
        return {"tag": self.image}

    @contextmanager
    def files_kept(self) -> Iterator[None]:
        (self.folder / "kept").touch()
        yield
        (self.folder / "kept").unlink()


@pytest.fixture
def healthy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HealthyStack:
    """A healthy stack without an engine, and a load that sends nothing."""

    @contextmanager
    def silent(_stack: StrangersLaravel, _rate: float, out: Path) -> Iterator[None]:
        yield
        out.touch()

    monkeypatch.setattr(runner, "load", silent)
    monkeypatch.setattr(Unconnected, "image", "old")
    stack = HealthyStack(tmp_path)
    monkeypatch.setattr(stack, "get", lambda: Unconnected(tmp_path))
    return stack


def run(healthy: HealthyStack, action: Callable[[Attempt], None]) -> Row:
    """Run a scenario that has to put a new image in place."""
    expected = Expected(outcome="changed", image=Image.NEW)
    scenario = Scenario(name="a scenario", action="deploy", run=action, expected=expected)
    return runner.run_scenario(healthy, scenario, healthy.folder)


def deploys(attempt: Attempt) -> None:
    Unconnected.image = "new"
    attempt.count(0)
    attempt.report = {"outcome": "changed"}
    attempt.output.append("deployed")


def test_a_scenario_is_judged_by_the_state_before_and_after(healthy: HealthyStack) -> None:
    row = run(healthy, deploys)
    assert (row.wrong, row.image) == ((), Image.NEW)
    assert (healthy.folder / "a-scenario.log").read_text() == "deployed"
    assert not (healthy.folder / "kept").exists()


def test_an_error_in_a_scenario_is_part_of_its_row(healthy: HealthyStack) -> None:
    put_back: list[str] = []

    def fails(attempt: Attempt) -> None:
        attempt.count(1)
        attempt.put_back.callback(put_back.append, "schema")
        raise AssertionError("no container\n\nin time")

    row = run(healthy, fails)
    assert (row.wrong, row.codes) == (("no container / in time",), (1,))
    assert put_back == ["schema"] and not (healthy.folder / "kept").exists()


def test_a_stack_that_cannot_be_put_back_is_removed(
    healthy: HealthyStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    removed: list[str] = []
    monkeypatch.setattr(healthy, "remove", lambda: removed.append("stack"))

    def fail() -> None:
        raise OSError("the database is gone")

    def leaves_a_mess(attempt: Attempt) -> None:
        attempt.put_back.callback(fail)
        deploys(attempt)

    assert run(healthy, leaves_a_mess).is_right
    assert removed == ["stack"]


def test_a_stack_that_does_not_start_is_a_wrong_row(
    healthy: HealthyStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def get() -> StrangersLaravel:
        raise AssertionError("up failed")

    monkeypatch.setattr(healthy, "get", get)
    assert run(healthy, deploys).wrong == ("no healthy stack: up failed",)
