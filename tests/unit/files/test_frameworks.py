"""The framework of a stack: named in the settings, in a file of its own, or the default."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.migrations.frameworks.framework import Framework
from cosmicdeploy.settings import load
from tests.unit.shop import call, write_stack_files

pytestmark = pytest.mark.unit

STACK = "services: {app: [web], database: db}\ndatabase: {name: shop}\n"
OWN = """\
program: [bin/db]
pending: {command: [list], unnamed: {none: '^up to date$', some: '^behind'}}
run: [up]
"""


def framework(folder: Path, migrate: str, app: str = "{}") -> Framework:
    path = folder / "cosmicdeploy.yaml"
    path.write_text(f"{STACK}app: {app}\n{migrate}")
    return load(path, {}).framework


def test_without_a_name_it_is_laravel_if_there_is_a_console(tmp_path: Path) -> None:
    laravel = framework(tmp_path, "", "{console: [php, artisan]}")
    assert (laravel.name, laravel.program) == ("laravel", ("php", "artisan"))
    assert framework(tmp_path, "").name == "none"
    assert framework(tmp_path, "migrate: {framework: laravel}\n").program == ("php", "artisan")


def test_the_console_is_the_program_of_frameworks_that_it_runs(tmp_path: Path) -> None:
    console = "{console: [python3, manage.py]}"
    assert framework(tmp_path, "migrate: {framework: django}\n", console).program == (
        "python3",
        "manage.py",
    )
    assert framework(tmp_path, "migrate: {framework: django}\n").program == ("python", "manage.py")
    assert framework(tmp_path, "migrate: {framework: alembic}\n", console).program == ("alembic",)
    named = "migrate: {framework: alembic, program: [poetry, run, alembic]}\n"
    assert framework(tmp_path, named, console).program == ("poetry", "run", "alembic")


def test_the_settings_change_the_commands_of_laravel(tmp_path: Path) -> None:
    laravel = framework(
        tmp_path,
        "migrate: {command: [up], status: [st], rollback: [down], pretend: null}\n",
        "{console: [php, artisan]}",
    )
    definition = laravel.definition
    assert definition.run == ("up",) and definition.sql is None
    assert definition.pending and definition.pending.command == ("st",)
    assert laravel.commands_down(["a"], []) == [["php", "artisan", "down", "--step=1"]]
    assert laravel.place("down") == "migrate.rollback in cosmicdeploy.yaml"


def test_an_own_file_is_beside_the_settings(tmp_path: Path) -> None:
    (tmp_path / "ops").mkdir()
    (tmp_path / "ops" / "goose.yaml").write_text(OWN)
    own = framework(tmp_path, "migrate: {framework: ./ops/goose.yaml}\n")
    assert (own.name, own.source) == ("goose", str(tmp_path / "ops" / "goose.yaml"))
    assert own.command(own.definition.run) == ["bin/db", "up"]
    assert own.place("run") == f"`run` in {own.source}"


def test_commands_may_be_in_the_settings_themselves(tmp_path: Path) -> None:
    lines = "".join(f"    {line}\n" for line in OWN.replace("$", "$$").splitlines())
    own = framework(tmp_path, f"migrate:\n  framework: commands\n  commands:\n{lines}")
    assert own.name == "commands" and own.source.endswith(": migrate.commands")
    assert own.definition.pending and own.definition.pending.unnamed


@pytest.mark.parametrize(
    ("migrate", "what", "line", "todo"),
    [
        ("  framework: djnago\n", "Unknown framework 'djnago'", 5, "did you mean 'django'?"),
        ("  framework: sequelize\n", "Unknown framework 'sequelize'", 5, "commands"),
        ("  framework: commands\n", "migrate.commands is missing", 5, "add migrate.commands"),
        ("  commands: {run: [up]}\n", "no effect without `framework: commands`", 5, "to commands"),
        (
            "  framework: django\n  command: [migrate]\n  rollback: [x]\n",
            "migrate.command is for Laravel, but the framework is django",
            6,
            "remove migrate.command, migrate.rollback",
        ),
        (
            "  framework: commands\n  commands:\n    pending: {command: [list]}\n    run: [up]\n",
            "pending: must have one of lines",
            7,
            "",
        ),
        (
            "  framework: commands\n  commands:\n    runs: [up]\n",
            "Unknown key 'runs'",
            7,
            "did you mean 'run'?",
        ),
    ],
)
def test_a_mistake_is_reported_before_anything_is_touched(
    tmp_path: Path, migrate: str, what: str, line: int, todo: str
) -> None:
    with pytest.raises(ConfigError, match=what) as caught:
        framework(tmp_path, f"migrate:\n{migrate}", "{console: [php, artisan]}")
    assert caught.value.where.endswith(f"cosmicdeploy.yaml:{line}")
    assert todo in caught.value.todo


def test_a_missing_or_broken_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"own.yaml not found"):
        framework(tmp_path, "migrate: {framework: ./own.yaml}\n")
    (tmp_path / "own.yaml").write_text(OWN.replace("run: [up]", "run: up"))
    with pytest.raises(ConfigError, match="run: must be a list") as caught:
        framework(tmp_path, "migrate: {framework: ./own.yaml}\n")
    assert caught.value.where == f"{tmp_path / 'own.yaml'}:3"


def test_no_migrations_need_neither_a_database_nor_a_console(tmp_path: Path) -> None:
    path = tmp_path / "cosmicdeploy.yaml"
    path.write_text("services: {app: [web]}\napp: {}\nmigrate: {framework: none}\n")
    assert not load(path, {}).framework.runs_migrations
    path.write_text("services: {app: [web]}\napp: {}\nmigrate: {framework: django}\n")
    with pytest.raises(ConfigError, match="migrate: needs a database"):
        load(path, {})


def test_a_command_shows_the_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_stack_files(tmp_path)
    with (tmp_path / "cosmicdeploy.yaml").open("a") as file:
        file.write("migrate: {framework: alembik}\n")
    done = call("deploy", "--plan")
    assert done.exit_code == 2
    assert "Unknown framework 'alembik'" in done.stderr and "'alembic'" in done.stderr


def test_the_service_of_the_migrations_has_to_exist(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_stack_files(tmp_path)
    with (tmp_path / "cosmicdeploy.yaml").open("a") as file:
        file.write("migrate: {service: migrations}\n")
    done = call("status")
    assert done.exit_code == 2 and "no service 'migrations'" in done.stderr
