"""The table that `status` shows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from cosmicdeploy.report.views.status import show_status

pytestmark = pytest.mark.unit

IMAGE = "sha256:" + "b47e751c1f16" * 5
KEY = {"key": "environment.LOG_LEVEL", "change": "added", "old": None, "new": None}


@pytest.fixture(autouse=True)
def time_zone_of_jakarta(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "WIB-7")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def row(service: str, drift: str = "", **more: Any) -> dict[str, Any]:
    return {
        "service": service,
        "container": f"{service}-prod",
        "state": "unhealthy",
        "release": "2",
        "image": IMAGE,
        "since": "2026-11-27T10:08:08.123456789Z",
        "drift": drift,
        **more,
    }


def shown(*rows: dict[str, Any]) -> list[str]:
    out = StringIO()
    show_status(rows, Console(file=out, width=80))
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_a_service_is_one_line_of_80_columns_with_any_drift() -> None:
    drift = "another image runs, environment.LOG_LEVEL added"
    apps = [row(f"cosmic-app-{n}", drift, differences=[KEY]) for n in (1, 2)]
    lines = shown(*apps, row("cosmic-scheduler"))
    assert lines == [
        "service           state      release  image         since           drift",
        "cosmic-app-1      unhealthy  2        b47e751c1f16  11-27 17:08:08  differs",
        "cosmic-app-2      unhealthy  2        b47e751c1f16  11-27 17:08:08  differs",
        "cosmic-scheduler  unhealthy  2        b47e751c1f16  11-27 17:08:08",
        "  cosmic-app-1, cosmic-app-2",
        "    another image runs",
        "    added environment.LOG_LEVEL",
    ]


def test_a_short_drift_is_shown_in_the_table() -> None:
    missing = {"service": "web", "state": "missing", "drift": "no container"}
    [_, first, second] = shown(missing, row("mail", "stopped"))
    assert first.split() == ["web", "missing", "no", "container"]
    assert second.endswith("stopped")


def test_an_orphan_is_shown_with_advice() -> None:
    orphan = row("cron", "second scheduler: cron-prod", todo="stop it")
    lines = shown(row("cron"), orphan)
    assert lines[3:] == ["  cron-prod", "    second scheduler", "→ stop it"]


def test_a_paused_service_has_its_advice_once_and_its_own_name() -> None:
    todo = "run `cosmicdeploy up`: it unpauses paused containers"
    paused = row("db", "paused", todo=todo)
    drifted = row("web", "image another, paused", differences=[KEY], todo=todo)
    lines = shown(paused, drifted)
    assert lines[1].endswith("paused") and lines[2].endswith("differs")
    assert lines[3] == "  web" and lines[-1] == f"→ {todo}"
    assert len([line for line in lines if todo in line]) == 1
