"""Env files are read by cosmicdeploy as by Compose v2, which needs no engine for this."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.stack.compose import read_stack
from cosmicdeploy.stack.variables.environment import variables
from tests.unit.stack.oracle.compose_v2 import SHELL, compose, configured, exit_codes

pytestmark = pytest.mark.unit

LINES = Path(__file__).parent / "env-lines.txt"
DOT_ENV = "DOT=dot\nOUTER=file\n"
# Visible marks in the data file, and the characters that they stand for.
MARKS = {"⇥": "\t", "␠": " ", "␍": "\r", "¶": "", "⌀\n": ""}
READ, REFUSED = "read", "refused"
ODD, LATER = "refused here, odd in Compose", "read here, refused by 2.26.1"


def cases(section: str) -> list[str]:
    """Return the env files in one section of the data file."""
    text = re.sub(r"^//.*\n", "", LINES.read_text(encoding="utf-8"), flags=re.MULTILINE)
    titles = re.split(r"^=== (.*)\n", text, flags=re.MULTILINE)[1:]
    blocks = dict(zip(titles[::2], titles[1::2], strict=True))[section].strip("\n").split("\n\n")
    return [plain(block.strip("\n") + "\n") for block in blocks]


def plain(block: str) -> str:
    """Replace the marks by the characters that they stand for."""
    for mark, character in MARKS.items():
        block = block.replace(mark, character)
    return block


def environments(done: subprocess.CompletedProcess[str]) -> list[dict[str, str]]:
    """Return each service's environment."""
    services = configured(done)["services"]
    return [services[name]["environment"] for name in sorted(services)]


def write_project(folder: Path, contents: Sequence[str]) -> Path:
    """Write a compose file with a service for each env file; return its path."""
    folder.mkdir(exist_ok=True)
    (folder / ".env").write_text(DOT_ENV)
    services: dict[str, Any] = {}
    for number, content in enumerate(contents):
        (folder / f"{number:03}.env").write_bytes(content.encode())
        services[f"s{number:03}"] = {"image": "x", "env_file": f"{number:03}.env"}
    file = folder / "compose.yml"
    file.write_text(json.dumps({"name": "x", "services": services}))
    return file


def read_here(file: Path) -> list[Mapping[str, str]]:
    """Return each service's environment, as cosmicdeploy reads it."""
    stack = read_stack(file, env_file=file.parent / ".env", environ=SHELL)
    return [stack.services[name].environment for name in sorted(stack.services)]


def error_location(folder: Path, content: str) -> str:
    """Return where the error is that cosmicdeploy reports for an env file."""
    with pytest.raises(ConfigError) as caught:
        read_here(write_project(folder, [content]))
    return caught.value.where


def test_the_data_file_has_many_cases() -> None:
    assert sum(len(cases(section)) for section in (READ, REFUSED, ODD, LATER)) > 250


def test_env_files_are_read_as_compose_reads_them(tmp_path: Path) -> None:
    contents = cases(READ)
    file = write_project(tmp_path, contents)
    by_compose = environments(compose(tmp_path))
    here = [dict(each) for each in read_here(file)]
    differing = [
        each for each in zip(contents, here, by_compose, strict=True) if each[1] != each[2]
    ]
    assert differing == []


@pytest.mark.parametrize("content", cases(REFUSED) + cases(ODD))
def test_a_refused_value_is_reported_with_its_line(tmp_path: Path, content: str) -> None:
    path, _, line = error_location(tmp_path, content).rpartition(":")
    assert path == str(tmp_path / "000.env")
    assert 1 <= int(line) <= content.count("\n") + 1


@pytest.mark.parametrize("content", cases(LATER))
def test_an_unused_default_is_not_parsed(tmp_path: Path, content: str) -> None:
    assert read_here(write_project(tmp_path, [content])) == [{"K": "shell"}]


def test_compose_refuses_the_same_files_except_the_odd_ones(tmp_path: Path) -> None:
    def codes(section: str) -> set[int]:
        folders = [tmp_path / f"{section}-{n}" for n in range(len(cases(section)))]
        for folder, content in zip(folders, cases(section), strict=True):
            write_project(folder, [content])
        return set(exit_codes(folders))

    assert 0 not in codes(REFUSED) | codes(LATER)
    assert codes(ODD) == {0}


def test_later_env_files_use_variables_of_earlier_ones(tmp_path: Path) -> None:
    (tmp_path / "a.env").write_text("A=1\nOUTER=a\nB=a\n")
    (tmp_path / "b.env").write_text("B=b\nC=${A}3$B\nD=$OUTER\nA\n")
    (tmp_path / "c.env").write_text("E=$D$B\nOUTER=c\nF=$OUTER\n")
    (tmp_path / ".env").write_text(DOT_ENV)
    names = ["a.env", "b.env", {"path": "none.env", "required": False}, "c.env"]
    services = {"s": {"image": "x", "env_file": names, "environment": ["B", "DOT", "NOPE"]}}
    file = tmp_path / "compose.yml"
    file.write_text(json.dumps({"name": "x", "services": services}))
    (by_compose,) = environments(compose(tmp_path))
    assert by_compose.pop("NOPE") is None
    by_compose.pop("B")  # null in Compose: the shell has no such variable
    assert read_here(file) == [by_compose]


def test_the_env_file_of_the_project_is_read_as_compose_reads_it(tmp_path: Path) -> None:
    """Only every seventh case, because each needs a call of Compose."""
    contents = cases(READ)[::7]
    folders = [tmp_path / str(number) for number in range(len(contents))]
    for folder, content in zip(folders, contents, strict=True):
        folder.mkdir()
        (folder / ".env").write_bytes(content.encode())
        services = {"s": {"image": "x", "environment": {"K": "${K}", "OUTER": "$OUTER"}}}
        (folder / "compose.yml").write_text(json.dumps({"name": "x", "services": services}))
    with ThreadPoolExecutor(4) as pool:
        by_compose = [environments(done)[0] for done in pool.map(compose, folders)]
    here = [variables(folder / ".env", SHELL) for folder in folders]
    assert [{name: each.get(name, "") for name in ("K", "OUTER")} for each in here] == by_compose


def test_values_of_the_compose_file_are_read_by_the_same_rules(tmp_path: Path) -> None:
    values = [each[2:-1] for each in cases(READ) if re.fullmatch(r"K=[^\"'\s].*\S\n", each)]
    assert len(values) > 100
    (tmp_path / ".env").write_text(DOT_ENV)
    environment = {f"K{number:03}": value for number, value in enumerate(values)}
    file = tmp_path / "compose.yml"
    services = {"s": {"image": "x", "environment": environment}}
    file.write_text(json.dumps({"name": "x", "services": services}))
    (by_compose,) = environments(compose(tmp_path))
    (here,) = read_here(file)
    differing = {
        environment[key]: (here[key], by_compose[key])
        for key in by_compose
        if here[key] != by_compose[key]
    }
    assert differing == {}
