"""The points of the verification that run console commands: which, and how many at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.engine.facts import Container, ExecResult
from cosmicdeploy.settings import Settings
from cosmicdeploy.verification.application_checks import monitor, scheduler
from cosmicdeploy.verification.points import run_checks
from tests.unit.settings_of import settings_of

pytestmark = pytest.mark.unit

APP = Container(
    id="c", name="c", service="web", project="shop", image_id="i", status="running",
    started_at="2026-01-01T00:00:00+00:00",
)  # fmt: skip
COMMAND, DRY_RUN = "orders:purge", ["orders:purge", "--pretend"]
FEATURE = {"enable": ["x"], "disable": ["x"], "state": ["feature:state"]}


@dataclass
class Console:
    """A stack whose console notes the commands that it runs, and how many of them at a time."""

    settings: Settings
    output: Mapping[str, str] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)
    most_at_once: int = 0
    has_console: bool = True
    engine: Any = field(
        default_factory=lambda: SimpleNamespace(logs=lambda *_, **__: [f"ran {COMMAND}"])
    )
    _running: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run_console(self, _container: Container, *words: str, silence: float = 0) -> ExecResult:
        line = " ".join(words)
        with self._lock:
            self.commands.append(line)
            self._running += 1
            self.most_at_once = max(self.most_at_once, self._running)
        time.sleep(0.05)
        with self._lock:
            self._running -= 1
        return ExecResult(exit_code=0, stdout=self.output.get(line, "2 purged").encode())

    def container(self, _name: str) -> Container:
        return APP

    running = any_app = lambda self, _name="": APP

    def with_cached_facts(self) -> Any:
        return self


def console(output: Mapping[str, str] | None = None, **verify: Any) -> Any:
    settings = settings_of(
        {"app": ["web"], "scheduler": "cron"},
        app={"console": ["artisan"]},
        verify={"command": COMMAND, **verify},
        features={"purge": FEATURE},
    )
    return Console(settings=settings, output=output or {})


def test_a_command_that_has_no_dry_run_is_run_itself_and_the_result_says_so() -> None:
    ctx = console()
    result = monitor(ctx)
    assert ctx.commands == [COMMAND]
    assert result.ok and "dry run" not in result.expected
    assert result.found == "ran orders:purge itself, since verify.dry_run is not set: 2 purged"


@pytest.mark.parametrize("dry_run", [DRY_RUN, [COMMAND]])
def test_a_dry_run_is_what_the_settings_name(dry_run: list[str]) -> None:
    """Also if they name the command itself, which then may run at any time."""
    ctx = console(dry_run=dry_run)
    result = monitor(ctx)
    assert ctx.commands == [" ".join(dry_run)]
    assert (result.expected, result.found) == (
        "orders:purge is registered and its dry run exits with 0",
        "2 purged",
    )


@pytest.mark.parametrize(
    ("state", "commands"),
    [
        ("disabled", ["feature:state"]),
        ("enabled", ["feature:state", "schedule:list"]),
    ],
)
def test_the_schedule_of_a_command_that_is_switched_off_is_not_listed(
    state: str, commands: list[str]
) -> None:
    ctx = console({"feature:state": state, "schedule:list": COMMAND}, feature="purge")
    assert scheduler(ctx).ok
    assert ctx.commands == commands


def test_console_commands_run_one_at_a_time() -> None:
    ctx = console({"feature:state": "enabled", "schedule:list": COMMAND}, feature="purge")
    assert all(result.ok for result in run_checks(ctx, ["monitor", "scheduler"]))
    assert ctx.commands == [COMMAND, "feature:state", "schedule:list"]
    assert ctx.most_at_once == 1
