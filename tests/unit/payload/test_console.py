from __future__ import annotations

from pathlib import Path

import pytest
from cosmic_app.commands.list import overview
from cosmic_app.console.registry import discover

pytestmark = pytest.mark.unit


def test_the_guides_commands_are_there() -> None:
    assert set(discover()) >= {
        "list",
        "migrate",
        "migrate:status",
        "migrate:rollback",
        "cache:clear",
        "config:clear",
        "route:clear",
        "schedule:list",
        "schedule:work",
        "queue:work",
        "devices:monitor-status",
        "devices:seed",
    }


def test_list_groups_commands_by_prefix() -> None:
    lines = overview("1.0", discover()).splitlines()
    group = lines.index(" cache")
    assert lines[group + 1].split(maxsplit=1) == ["cache:clear", "Flush the application cache"]
    assert lines.index(" migrate") < lines.index(" schedule")


def test_the_release_before_lacks_only_the_monitor(console, payload: Path) -> None:  # type: ignore[no-untyped-def]
    for path in (payload / "release-2-only.txt").read_text().split():
        (console.app / path).unlink()
    listed = console("list")
    assert listed.returncode == 0
    assert "devices:monitor-status" not in listed.stdout
    assert "devices:seed" in listed.stdout
    assert console("schedule:list").stdout == "No scheduled commands are ready to run.\n"


def test_the_monitor_is_on_the_schedule(console) -> None:  # type: ignore[no-untyped-def]
    assert "| * * * * * | devices:monitor-status |" in console("schedule:list").stdout


def test_an_unknown_command_is_refused_with_the_nearest(console) -> None:  # type: ignore[no-untyped-def]
    ended = console("migrate:statos")
    assert ended.returncode == 1
    assert 'Command "migrate:statos" is not defined.' in ended.stderr
    assert "migrate:status" in ended.stderr


def test_an_unknown_option_is_refused(console) -> None:  # type: ignore[no-untyped-def]
    ended = console("cache:clear", "--bogus")
    assert ended.returncode == 1
    assert "--bogus" in ended.stderr


def test_in_production_nothing_is_migrated_without_force(console) -> None:  # type: ignore[no-untyped-def]
    ended = console("migrate")
    assert ended.returncode == 1
    assert "Application In Production!" in ended.stdout
    assert ended.stdout.endswith("Command Canceled!\n")


def test_a_database_out_of_reach_is_one_line(console) -> None:  # type: ignore[no-untyped-def]
    ended = console("migrate", "--force")
    assert ended.returncode == 1
    assert "Can't connect" in ended.stderr
    assert "Traceback" not in ended.stderr
