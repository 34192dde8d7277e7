"""Env files, read by cosmicdeploy and by Compose v2, which needs no engine for it."""

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
MARKS = {"⇥": "\t", "␠": " ", "␍": "\r", "¶": "", "⌀\n": ""}
READ, REFUSED = "read", "refused"
ODD, LATER = "refused here, odd in Compose", "read here, refused by 2.26.1"


def cases(section: str) -> list[str]:
    """The env files of one section of the data."""
    text = re.sub(r"^//.*\n", "", LINES.read_text(encoding="utf-8"), flags=re.MULTILINE)
    titles = re.split(r"^=== (.*)\n", text, flags=re.MULTILINE)[1:]
    blocks = dict(zip(titles[::2], titles[1::2], strict=True))[section].strip("\n").split("\n\n")
    return [plain(block.strip("\n") + "\n") for block in blocks]


def plain(block: str) -> str:
    for mark, meant in MARKS.items():
        block = block.replace(mark, meant)
    return block


def environments(done: subprocess.CompletedProcess[str]) -> list[dict[str, str]]:
    """What each service's container gets, as Compose shows it: every `$` twice."""
    services = configured(done)["services"]
    return [services[name]["environment"] for name in sorted(services)]


def lay_out(folder: Path, contents: Sequence[str]) -> Path:
    """A project with a service for each env file."""
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
    stack = read_stack(file, env_file=file.parent / ".env", environ=SHELL)
    return [stack.services[name].environment for name in sorted(stack.services)]


def read_here_alone(folder: Path, content: str) -> str:
    with pytest.raises(ConfigError) as caught:
        read_here(lay_out(folder, [content]))
    return caught.value.where


def test_the_table_is_large() -> None:
    assert sum(len(cases(section)) for section in (READ, REFUSED, ODD, LATER)) > 250


def test_env_files_are_read_as_compose_reads_them(tmp_path: Path) -> None:
    contents = cases(READ)
    file = lay_out(tmp_path, contents)
    theirs = environments(compose(tmp_path))
    ours = [dict(each) for each in read_here(file)]
    differing = [each for each in zip(contents, ours, theirs, strict=True) if each[1] != each[2]]
    assert differing == []


@pytest.mark.parametrize("content", cases(REFUSED) + cases(ODD))
def test_a_refused_value_is_named_with_its_line(tmp_path: Path, content: str) -> None:
    path, _, line = read_here_alone(tmp_path, content).rpartition(":")
    assert path == str(tmp_path / "000.env")
    assert 1 <= int(line) <= content.count("\n") + 1


@pytest.mark.parametrize("content", cases(LATER))
def test_an_unused_default_is_not_parsed(tmp_path: Path, content: str) -> None:
    assert read_here(lay_out(tmp_path, [content])) == [{"K": "shell"}]


def test_compose_refuses_the_same(tmp_path: Path) -> None:
    def codes(section: str) -> set[int]:
        folders = [tmp_path / f"{section}-{n}" for n in range(len(cases(section)))]
        for folder, content in zip(folders, cases(section), strict=True):
            lay_out(folder, [content])
        return set(exit_codes(folders))

    assert 0 not in codes(REFUSED) | codes(LATER)
    assert codes(ODD) == {0}


def test_later_env_files_see_earlier_ones(tmp_path: Path) -> None:
    (tmp_path / "a.env").write_text("A=1\nOUTER=a\nB=a\n")
    (tmp_path / "b.env").write_text("B=b\nC=${A}3$B\nD=$OUTER\nA\n")
    (tmp_path / "c.env").write_text("E=$D$B\nOUTER=c\nF=$OUTER\n")
    (tmp_path / ".env").write_text(DOT_ENV)
    names = ["a.env", "b.env", {"path": "none.env", "required": False}, "c.env"]
    services = {"s": {"image": "x", "env_file": names, "environment": ["B", "DOT", "NOPE"]}}
    file = tmp_path / "compose.yml"
    file.write_text(json.dumps({"name": "x", "services": services}))
    (theirs,) = environments(compose(tmp_path))
    assert theirs.pop("NOPE") is None
    theirs.pop("B")  # null: Compose leaves the name to the shell, which has none
    assert read_here(file) == [theirs]


def test_the_env_file_of_the_project_is_read_as_compose_reads_it(tmp_path: Path) -> None:
    """Every seventh of the table: each needs a call of its own."""
    contents = cases(READ)[::7]
    folders = [tmp_path / str(number) for number in range(len(contents))]
    for folder, content in zip(folders, contents, strict=True):
        folder.mkdir()
        (folder / ".env").write_bytes(content.encode())
        services = {"s": {"image": "x", "environment": {"K": "${K}", "OUTER": "$OUTER"}}}
        (folder / "compose.yml").write_text(json.dumps({"name": "x", "services": services}))
    with ThreadPoolExecutor(4) as pool:
        theirs = [environments(done)[0] for done in pool.map(compose, folders)]
    ours = [variables(folder / ".env", SHELL) for folder in folders]
    assert [{name: each.get(name, "") for name in ("K", "OUTER")} for each in ours] == theirs


def test_values_of_the_compose_file_are_read_by_the_same_rules(tmp_path: Path) -> None:
    values = [each[2:-1] for each in cases(READ) if re.fullmatch(r"K=[^\"'\s].*\S\n", each)]
    assert len(values) > 100
    (tmp_path / ".env").write_text(DOT_ENV)
    environment = {f"K{number:03}": value for number, value in enumerate(values)}
    file = tmp_path / "compose.yml"
    services = {"s": {"image": "x", "environment": environment}}
    file.write_text(json.dumps({"name": "x", "services": services}))
    (theirs,) = environments(compose(tmp_path))
    (ours,) = read_here(file)
    differing = {
        environment[key]: (ours[key], theirs[key]) for key in theirs if ours[key] != theirs[key]
    }
    assert differing == {}
