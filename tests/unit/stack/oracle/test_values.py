"""Plain values and command lines, read by cosmicdeploy and by Compose v2."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.stack.compose import read_stack
from cosmicdeploy.stack.model import Stack
from cosmicdeploy.stack.values.words import UnclosedQuote, split
from tests.unit.stack.oracle.compose_v2 import SHELL, compose, configured, exit_codes

pytestmark = pytest.mark.unit

HERE = Path(__file__).parent
VALUES = (HERE / "plain-values.txt").read_text(encoding="utf-8").splitlines()
MARKS = {"␤": "\n", "⇥": "\t", "␍": "\r", "␋": "\v", "␌": "\f"}
LINES = (HERE / "command-lines.txt").read_text(encoding="utf-8").split("\n")[:-1]
COMMANDS = [line.translate(str.maketrans(MARKS)) for line in LINES]
# Compose refuses these, or shows them in the machine's time zone.
REFUSED = (".inf", "-.Inf", "+.INF", ".nan", ".NaN", "2026-02-02T10:00:00+07:00", "9" * 1001)
KEYS = ("environment", "labels", "sysctls")


def lay_out(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "compose.yml").write_text(text, encoding="utf-8")
    return folder


def read_here(folder: Path) -> Stack:
    return read_stack(folder / "compose.yml", env_file=folder / ".env", environ=SHELL)


def with_values(values: list[str], key: str = "environment") -> str:
    lines = "".join(f"      K{number:03}: {value}\n" for number, value in enumerate(values))
    return f"name: x\nservices:\n  s:\n    image: x\n    {key}:\n{lines}"


def test_the_tables_are_large() -> None:
    assert len(VALUES) > 150
    assert len(COMMANDS) > 80


@pytest.mark.parametrize("key", KEYS)
def test_plain_values_are_read_as_compose_reads_them(tmp_path: Path, key: str) -> None:
    values = [v for v in VALUES if key != "sysctls" or v.lower() not in ("true", "false")]
    folder = lay_out(tmp_path, with_values(values, key))
    theirs = configured(compose(folder))["services"]["s"][key]
    ours = dict(getattr(read_here(folder).services["s"], key))
    named = {f"K{number:03}": value for number, value in enumerate(values)}
    assert {named[k]: (ours[k], theirs[k]) for k in named if ours[k] != theirs[k]} == {}


def test_numbers_of_the_build_arguments_and_of_volumes(tmp_path: Path) -> None:
    folder = lay_out(
        tmp_path,
        "name: x\nservices:\n  s:\n    build: {context: ., args: {A: 022, B: 1.0, C: true}}\n"
        "    volumes: ['data:/v']\nvolumes:\n  data: {driver_opts: {a: 0o22, b: 1e3, c: 1_0}}\n",
    )
    theirs, ours = configured(compose(folder)), read_here(folder)
    build = ours.services["s"].build
    assert build is not None
    assert dict(build.args) == theirs["services"]["s"]["build"]["args"]
    assert dict(ours.volumes["data"].driver_opts) == theirs["volumes"]["data"]["driver_opts"]


@pytest.mark.parametrize("value", REFUSED)
def test_a_value_without_one_meaning_is_named_with_its_line(tmp_path: Path, value: str) -> None:
    with pytest.raises(ConfigError, match="a value is") as caught:
        read_here(lay_out(tmp_path, with_values(["1", value])))
    assert caught.value.where == f"{tmp_path / 'compose.yml'}:7"
    assert caught.value.todo == "put it in quotes"


def split_here(line: str) -> list[str] | None:
    try:
        return list(split(line.replace("$$", "$")).words)
    except UnclosedQuote:
        return None


@pytest.mark.parametrize("key", ["command", "entrypoint"])
def test_command_lines_are_split_as_compose_splits_them(tmp_path: Path, key: str) -> None:
    accepted = [line for line in COMMANDS if split_here(line) is not None]
    services = {f"s{n:03}": {"image": "x", key: line} for n, line in enumerate(accepted)}
    folder = lay_out(tmp_path, json.dumps({"name": "x", "services": services}))
    theirs = configured(compose(folder))["services"]
    ours = read_here(folder).services
    found = {
        line: (list(getattr(ours[name], key)), theirs[name][key])
        for name, line in zip(services, accepted, strict=True)
    }
    assert {line: pair for line, pair in found.items() if pair[0] != pair[1]} == {}


def test_compose_refuses_the_same_command_lines(tmp_path: Path) -> None:
    refused = [line for line in COMMANDS if split_here(line) is None]
    assert len(refused) > 10
    folders = []
    for number, line in enumerate(refused):
        services = {"s": {"image": "x", "command": line}}
        text = json.dumps({"name": "x", "services": services})
        folders.append(lay_out(tmp_path / str(number), text))
        with pytest.raises(ConfigError, match="cannot be split into words"):
            read_here(folders[-1])
    assert 0 not in exit_codes(folders)


@pytest.mark.parametrize("test", ["a && b", 'echo $$X \\$$Y "q"', "", [], ["CMD-SHELL", "a"]])
def test_health_checks_are_not_split(tmp_path: Path, test: object) -> None:
    services = {"s": {"image": "x", "healthcheck": {"test": test}}}
    folder = lay_out(tmp_path, json.dumps({"name": "x", "services": services}))
    theirs = configured(compose(folder))["services"]["s"]["healthcheck"].get("test", [])
    check = read_here(folder).services["s"].healthcheck
    assert check is not None
    assert list(check.test) == theirs


def test_merge_keys_and_anchors(tmp_path: Path) -> None:
    text = """
name: x
x-a: &a {A: 1, B: 02}
x-b: &b
  A: 9
  D: 4_0
services:
  s:
    image: x
    environment:
      C: 3
      <<: [*a, *b, {E: 1.0}]
      B: own
    labels: &labels {one: 0o17}
  t:
    image: x
    labels: {<<: *labels, two: 2}
    environment: *b
"""
    folder = lay_out(tmp_path, text)
    theirs, ours = configured(compose(folder))["services"], read_here(folder).services
    for name in ("s", "t"):
        assert dict(ours[name].environment) == theirs[name]["environment"]
        assert dict(ours[name].labels) == theirs[name]["labels"]


@pytest.mark.parametrize("word", ["yes", "No", "on", "OFF", "y", "n", "True", "'true'", "'Y'"])
def test_booleans(word: str, tmp_path: Path) -> None:
    folder = lay_out(tmp_path, f"name: x\nservices:\n  s: {{image: x, init: {word}}}\n")
    theirs = configured(compose(folder))["services"]["s"].get("init", False)
    assert read_here(folder).services["s"].init == theirs
