"""A stack's own playbooks: found by name and file, described, and checked in an editor."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import jsonschema
import pytest
from typer.testing import CliRunner

from cosmicdeploy import workspace
from cosmicdeploy.cli.app import app
from cosmicdeploy.errors import UsageError
from cosmicdeploy.files import shipped as resources
from cosmicdeploy.files.yaml_reader import read
from cosmicdeploy.journal.run_kind import RunKind
from cosmicdeploy.migrations.frameworks.reading import FOLDER
from cosmicdeploy.operations import playbooks
from cosmicdeploy.operations.playbooks import find_playbook, known_playbooks
from cosmicdeploy.playbook import load_playbook
from cosmicdeploy.report.playbook_schema import (
    framework_schema,
    playbook_schema,
    settings_schema,
)
from cosmicdeploy.runs import execute
from tests.unit.shop import EmptyEngine

pytestmark = pytest.mark.unit

DOCS = Path(__file__).resolve().parents[3] / "docs"
NIGHT = """
name: night
description: Steps of the night.
steps:
  - kind: recover
  - name: tidy
    kind: exec
    service: cache
    run: [redis-cli, memory, purge]
    retry: {times: 2}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cosmicdeploy.yaml").write_text("services: {}\n")
    (tmp_path / "playbooks").mkdir()
    (tmp_path / "playbooks" / "night.yaml").write_text(NIGHT)
    return tmp_path


def report(*words: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(CliRunner().invoke(app, [*words, "--json"]).stdout)
    return document


def test_the_published_schemas_are_up_to_date() -> None:
    schemas = {
        "playbook": playbook_schema(),
        "cosmicdeploy": settings_schema(),
        "framework": framework_schema(),
    }
    for name, text in schemas.items():
        is_current = (DOCS / f"{name}.schema.json").read_text() == text
        assert is_current, "run `make docs`"


@pytest.mark.parametrize("path", sorted(resources.playbooks().glob("*.yaml")), ids=lambda p: p.stem)
def test_shipped_playbooks_name_their_schema_and_fit_it(path: Path) -> None:
    first = path.read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=playbook.schema.json"
    assert (path.parent / "playbook.schema.json").is_file(), "`init` copies the schema too"
    jsonschema.validate(read(path).data, json.loads(playbook_schema()))


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_files_of_frameworks_are_beside_their_schema_and_fit_it(path: Path) -> None:
    schema = json.loads((path.parent / "framework.schema.json").read_text())
    jsonschema.validate(read(path).data, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**read(path).data, "runs": []}, schema)


@pytest.mark.parametrize(
    "step",
    [
        {"kind": "bild"},
        {"kind": "build", "missing": True},
        {"kind": "exec", "run": ["id"]},
        {"kind": "console", "run": []},
        {"kind": "verify", "only": ["moon"]},
        {"name": "nameless"},
    ],
)
def test_the_schema_rejects_a_mistake_in_a_step(step: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"steps": [step]}, json.loads(playbook_schema()))


def test_the_example_settings_fit_their_schema_with_and_without_variables() -> None:
    settings = read(resources.example_settings()).data
    schema = json.loads(settings_schema())
    jsonschema.validate(settings, schema)
    settings["app"]["port"] = "${PORT:-80}"
    jsonschema.validate(settings, schema)
    settings["app"]["port"] = "eighty"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(settings, schema)


def test_a_stacks_own_playbooks_override_the_shipped_ones(folder: Path) -> None:
    shipped = resources.playbooks() / "verify.yaml"
    own = folder / "playbooks" / "verify.yaml"
    own.write_bytes(shipped.read_bytes())
    found = {place.name: place.origin for place in known_playbooks(folder)}
    assert (found["night"], found["verify"], found["deploy"]) == ("stack", "stack", "shipped")
    own.write_text(own.read_text() + "# mine\n")
    assert find_playbook(folder, "verify").origin == "stack, differs from the shipped one"
    assert {place.origin for place in known_playbooks(None)} == {"shipped"}


def test_a_playbook_is_found_by_its_name_or_its_file(folder: Path) -> None:
    (folder / "other.yaml").write_text(NIGHT)
    by_name, by_file = find_playbook(folder, "night"), find_playbook(folder, "playbooks/night.yaml")
    assert by_name == by_file, "so that a killed run is recognized either way"
    assert by_name.command.line == "playbook run night"
    assert find_playbook(folder, "other.yaml").command.line == f"playbook run {folder}/other.yaml"
    assert find_playbook(folder, "deploy").command.line == "deploy"
    with pytest.raises(UsageError, match="did you mean 'night'"):
        find_playbook(folder, "nihgt")


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("deploy", RunKind.DEPLOY),
        ("up", RunKind.UP),
        ("rollback", RunKind.OTHER),
        ("night", RunKind.OTHER),
        ("deploy.yaml", RunKind.OTHER),
    ],
)
def test_only_the_playbooks_of_deploy_and_up_run_as_those_commands(
    folder: Path, word: str, kind: RunKind
) -> None:
    (folder / "deploy.yaml").write_text(NIGHT)
    assert find_playbook(folder, word).command.kind is kind


@pytest.mark.parametrize("words", [("run", "deploy", "--plan"), ("show", "deploy")])
def test_a_playbook_is_planned_as_the_command_that_it_runs_as(
    words: Sequence[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "compose.yml").write_text("services: {web: {image: shop/web}}\n")
    (folder / "cosmicdeploy.yaml").write_text(
        "compose_file: compose.yml\nservices: {app: [web]}\napp: {}\n"
    )
    kinds: list[RunKind] = []

    def plan_only(_ctx: Any, kind: RunKind, _steps: Any) -> Sequence[Any]:
        kinds.append(kind)
        return ()

    monkeypatch.setattr(workspace, "connect", EmptyEngine)
    monkeypatch.setattr(execute, "plan_only", plan_only)
    report("playbook", *words)
    assert kinds == [RunKind.DEPLOY]


@pytest.mark.parametrize(("name", "records"), [("deploy", True), ("up", False)])
def test_the_deploy_playbook_records_the_baseline_as_the_command_does(
    name: str, records: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorders: list[Any] = []
    monkeypatch.setattr(playbooks, "execute", lambda *arguments: recorders.append(arguments[-1]))
    file = find_playbook(None, name)
    playbooks.run_playbook(cast(Any, None), file, load_playbook(file.path), 0.0)
    assert [bool(each) for each in recorders] == [records]


def test_list_includes_an_invalid_playbook_with_its_error(folder: Path) -> None:
    (folder / "playbooks" / "bad.yaml").write_text("steps: [{kind: bild}]\n")
    rows = {row["name"]: row for row in report("playbook", "list")["data"]}
    assert rows["night"]["steps"] == ["recover", "tidy"]
    assert rows["night"]["description"] == "Steps of the night."
    assert "did you mean 'build'" in rows["bad"]["error"]
    shown = CliRunner().invoke(app, ["playbook", "list"], env={"COLUMNS": "80"}).stdout
    assert max(map(len, shown.splitlines())) <= 80
    assert "night" in shown and "bad" in shown


def test_show_describes_the_options(folder: Path) -> None:
    data = report("playbook", "show", "night")["data"]
    step = data["steps"][1]
    assert (step["name"], step["kind"], step["undoes"]) == ("tidy", "exec", False)
    options = {option["name"]: option for option in step["options"]}
    assert options["run"]["value"] == ["redis-cli", "memory", "purge"]
    assert (options["run"]["given"], options["unless"]["given"]) == (True, False)
    assert options["retry"]["value"] == {"times": 2, "seconds": 5}
    assert all(option["meaning"] for option in options.values())
    assert "services" in data["no_plan"], "the reason: these settings are not valid"
    shown = CliRunner().invoke(app, ["playbook", "show", "night"]).stdout
    assert "[redis-cli, memory, purge]" in shown and "no plan: " in shown


def test_every_option_of_every_kind_has_a_description() -> None:
    for place in known_playbooks(None):
        for step in report("playbook", "show", place.name)["data"]["steps"]:
            assert step["does"]
            assert all(option["meaning"] for option in step["options"]), step["name"]


def test_the_schema_is_printed(folder: Path) -> None:
    assert CliRunner().invoke(app, ["playbook", "schema"]).stdout == playbook_schema()
    printed = CliRunner().invoke(app, ["playbook", "schema", "--settings"]).stdout
    assert printed == settings_schema()
