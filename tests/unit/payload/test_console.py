"""The payload's console: its commands, and errors of usage."""

from __future__ import annotations

from pathlib import Path

import pytest
from cosmic_app.commands.list import overview
from cosmic_app.console.registry import discover, find

pytestmark = pytest.mark.unit


def test_all_commands_of_the_guide_exist() -> None:
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


def test_each_command_is_found_by_its_name() -> None:
    assert {name: find(name) for name in discover()} == discover()
    assert find("config") is None


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("migrate:status", "migrate"),
        ("cache:clear", "cache_clear"),
        ("config:clear", "cache_clear"),
        ("feature:list", "features"),
        ("devices:monitor-status", "device_status_monitor"),
        ("queue:work", "queue_work"),
    ],
)
def test_a_command_does_not_load_other_commands(console, name: str, file: str) -> None:  # type: ignore[no-untyped-def]
    for path in (console.app / "cosmic_app" / "commands").glob("[!_]*.py"):
        if path.stem != file:
            path.write_text("raise RuntimeError\n")
    assert console(name, "--help").returncode == 0


def test_list_groups_commands_by_prefix() -> None:
    lines = overview("1.0", discover()).splitlines()
    group = lines.index(" cache")
    assert lines[group + 1].split(maxsplit=1) == ["cache:clear", "Flush the application cache"]
    assert lines.index(" migrate") < lines.index(" schedule")


def test_release_1_has_no_monitor(console, payload: Path) -> None:  # type: ignore[no-untyped-def]
    for path in (payload / "release-2-only.txt").read_text().split():
        (console.app / path).unlink()
    listed = console("list")
    assert listed.returncode == 0
    assert "devices:monitor-status" not in listed.stdout
    assert "devices:seed" in listed.stdout
    assert console("schedule:list").stdout == "No scheduled commands are ready to run.\n"


def test_release_2_schedules_the_monitor(console) -> None:  # type: ignore[no-untyped-def]
    assert "| * * * * * | devices:monitor-status |" in console("schedule:list").stdout


def test_an_unknown_command_is_refused_with_a_suggestion(console) -> None:  # type: ignore[no-untyped-def]
    done = console("migrate:statos")
    assert done.returncode == 1
    assert 'Command "migrate:statos" is not defined.' in done.stderr
    assert "migrate:status" in done.stderr


def test_an_unknown_option_is_refused(console) -> None:  # type: ignore[no-untyped-def]
    done = console("cache:clear", "--bogus")
    assert done.returncode == 1
    assert "--bogus" in done.stderr


def test_migrations_in_production_need_force(console) -> None:  # type: ignore[no-untyped-def]
    done = console("migrate")
    assert done.returncode == 1
    assert "Application In Production!" in done.stdout
    assert done.stdout.endswith("Command Canceled!\n")


def test_an_unreachable_database_is_reported_in_one_line(console) -> None:  # type: ignore[no-untyped-def]
    done = console("migrate", "--force")
    assert done.returncode == 1
    assert "Can't connect" in done.stderr
    assert "Traceback" not in done.stderr
