"""`cosmicdeploy adopt`: what it prints, writes and refuses."""

from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path

import jsonschema
import pytest

from cosmicdeploy.adoption.adopt import adopt, write
from cosmicdeploy.adoption.reading.engine_view import EngineView
from cosmicdeploy.adoption.reading.opening import StackChoice
from cosmicdeploy.errors import ConfigError, UsageError
from cosmicdeploy.files import atomic
from cosmicdeploy.files.atomic import write_new
from cosmicdeploy.report.schema import schema_text
from cosmicdeploy.settings import find, load
from tests.unit.adoption.conftest import NO_ENGINE
from tests.unit.adoption.stacks import POSTGRES
from tests.unit.shop import call

pytestmark = pytest.mark.unit


@pytest.fixture
def stack(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a stack with PostgreSQL, on a machine without an engine."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{folder}/no.sock")
    for name, text in POSTGRES.items():
        (folder / name).write_text(text)
    return folder


def content(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.iterdir()}


def test_it_writes_the_file_and_changes_nothing_else(stack: Path) -> None:
    before = content(stack)
    done = call("adopt")
    assert done.exit_code == 0, done.stderr
    after = content(stack)
    text = after.pop("cosmicdeploy.yaml").decode()
    assert after == before
    assert load(stack / "cosmicdeploy.yaml", os.environ).settings.services.app == ("web",)
    assert "health_path: /ready # guess: server.py:9 has this path" in text
    assert stat.S_IMODE((stack / "cosmicdeploy.yaml").stat().st_mode) & 0o222 == 0o200
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["web", "app", "docker-compose.yml:5,", "publishes", "a", "port"] in lines
    assert f"created {stack}/cosmicdeploy.yaml" in done.stdout
    assert 'Next: look at what is marked "guess" there, then' in done.stdout
    assert "not read: engine: No Docker Engine answers" in done.stdout
    assert "warning: db: PostgreSQL in the service db: it is not backed up" in done.stderr


def test_a_deploy_reads_what_was_written(stack: Path) -> None:
    call("adopt")
    done = call("deploy", "--plan")
    assert "No Docker Engine answers" in done.stderr


def test_an_existing_file_is_refused_by_name(stack: Path) -> None:
    (stack / "cosmicdeploy.yaml").write_text("mine")
    done = call("adopt")
    assert done.exit_code == 2
    assert f"cosmicdeploy.yaml already exists ({stack}/cosmicdeploy.yaml)" in done.stderr
    assert "`cosmicdeploy adopt --print`" in done.stderr
    assert (stack / "cosmicdeploy.yaml").read_text() == "mine"


def test_a_broken_link_is_refused_too(stack: Path) -> None:
    (stack / "cosmicdeploy.yaml").symlink_to("gone")
    assert call("adopt").exit_code == 2
    assert not (stack / "gone").exists()


def test_print_writes_to_stdout_alone(stack: Path) -> None:
    (stack / "cosmicdeploy.yaml").write_text("mine")
    before = content(stack)
    done = call("adopt", "--print")
    assert done.exit_code == 0
    assert done.stdout.startswith("# Written by `cosmicdeploy adopt`")
    assert done.stdout.endswith("\n") and "created" not in done.stderr
    assert "web" in done.stderr and content(stack) == before


def test_with_json_stdout_is_one_document(stack: Path) -> None:
    done = call("adopt", "--json")
    document = json.loads(done.stdout)
    jsonschema.validate(document, json.loads(schema_text()))
    assert (document["command"], document["outcome"]) == ("adopt", "changed")
    data = document["data"]
    assert data["written"] and data["text"] == (stack / "cosmicdeploy.yaml").read_text()
    path = {"key": "app.health_path", "value": "/ready", "mark": "guess"}
    assert path.items() <= next(e for e in data["settings"] if e["key"] == path["key"]).items()
    assert {each["service"]: each["role"] for each in data["services"]} == {
        "web": "app",
        "db": "keeps data",
    }
    assert [note["kind"] for note in data["notes"]] == ["does not hold", "not read"]
    assert len(document["warnings"]) == 1 and "PostgreSQL" in document["warnings"][0]
    again = json.loads(call("adopt", "--json", "--print").stdout)
    assert (again["outcome"], again["data"]["written"]) == ("done", False)


def test_a_folder_can_be_named(stack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(stack.parent)
    assert call("adopt", stack.name).exit_code == 0
    assert (stack / "cosmicdeploy.yaml").exists()
    done = call("adopt", "no-such-folder")
    assert done.exit_code == 2 and "There is no such folder" in done.stderr


def test_another_name_for_the_settings_is_refused(stack: Path) -> None:
    done = call("adopt", "--config", "other.yaml")
    assert done.exit_code == 2 and "always written to cosmicdeploy.yaml" in done.stderr


def test_a_file_that_appears_during_the_command_is_not_replaced(stack: Path) -> None:
    choice = StackChoice(folder=stack, environ=dict(os.environ))
    adoption = adopt(choice, EngineView(None, NO_ENGINE))
    (stack / "cosmicdeploy.yaml").write_text("mine")
    with pytest.raises(UsageError, match="already exists"):
        write(adoption)
    assert (stack / "cosmicdeploy.yaml").read_text() == "mine"
    assert not [each for each in stack.iterdir() if each.name.endswith(".new")]


def test_a_file_system_without_links_gets_the_file_too(
    stack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, target: Path) -> None:
        raise OSError(errno.EPERM, "no links here", str(path))

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    assert call("adopt").exit_code == 0
    assert (stack / "cosmicdeploy.yaml").read_text().startswith("# Written by")
    (stack / "cosmicdeploy.yaml").write_text("mine")
    with pytest.raises(FileExistsError):
        write_new(stack / "cosmicdeploy.yaml", "new")
    assert (stack / "cosmicdeploy.yaml").read_text() == "mine"
    assert not [each for each in stack.iterdir() if each.name.endswith(".new")]


def test_a_compose_file_that_cannot_be_read_is_one_clear_line(stack: Path) -> None:
    (stack / "docker-compose.yml").write_text("services: {web: {image: '${A:?which}'}}\n")
    done = call("adopt")
    assert done.exit_code == 2 and "which" in done.stderr and "Traceback" not in done.stderr
    assert not (stack / "cosmicdeploy.yaml").exists()


def test_a_missing_file_names_adopt_where_a_compose_file_is(stack: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        find(stack)
    assert "`cosmicdeploy adopt`" in caught.value.todo and "init" not in caught.value.todo
    with pytest.raises(ConfigError) as caught:
        find(tmp_path)
    assert "`cosmicdeploy init`" in caught.value.todo and "adopt" not in caught.value.todo


def test_what_a_killed_writer_left_behind_is_removed_and_never_followed(stack: Path) -> None:
    victim = stack.parent / "victim"
    victim.write_text("mine")
    (stack / ".cosmicdeploy.yaml.new").symlink_to(victim)
    assert call("adopt").exit_code == 0
    assert victim.read_text() == "mine"
    assert not [each for each in stack.iterdir() if each.name.endswith(".new")]


@pytest.mark.parametrize("moment", ["sync", "_link"])
def test_an_interrupted_write_leaves_nothing(
    stack: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    def interrupt(*_arguments: object) -> None:
        raise KeyboardInterrupt

    before = content(stack)
    monkeypatch.setattr(atomic, moment, interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_new(stack / "cosmicdeploy.yaml", "new")
    assert content(stack) == before


def test_a_folder_that_cannot_be_written_is_named(
    stack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object, **_choices: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), "/some/partial.new")

    monkeypatch.setattr(atomic, "open_private", refuse)
    done = call("adopt")
    where = f"({stack}/cosmicdeploy.yaml)"
    assert done.exit_code == 2
    assert f"cosmicdeploy.yaml cannot be created: Permission denied {where}" in done.stderr
    assert "partial" not in done.stderr and "`cosmicdeploy adopt --print`" in done.stderr
