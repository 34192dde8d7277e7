"""Damaged journals, settings, frameworks, compose and env files: no traceback, none takes 5 s.

`make test` tries some hundred of each, `make torture` 10,000.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from itertools import count as counting
from pathlib import Path

import pytest

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.files.shipped import example_settings
from cosmicdeploy.journal.journal import Journal
from cosmicdeploy.journal.rotation.needed import Needed
from cosmicdeploy.journal.rotation.rotation import rotate
from cosmicdeploy.migrations.frameworks.reading import FOLDER, framework_in
from cosmicdeploy.settings.loading import load
from cosmicdeploy.stack.compose import read_stack
from cosmicdeploy.stack.variables.environment import read_env_file
from tests.unit.fuzz.damage import Hangs, cases, limited, require_no_traceback
from tests.unit.journal.damage.journals import killed_run, read_all
from tests.unit.journal.rotation.histories import History, lines_of, require_same_lines

pytestmark = [pytest.mark.unit, pytest.mark.timeout(3600)]

STACK = Path(__file__).parents[1] / "stack"
COUNTS = [300, pytest.param(10_000, marks=pytest.mark.torture)]


def compose_files() -> list[str]:
    files = sorted(f for f in STACK.rglob("*.y*ml") if f.stat().st_size < 20_000)
    return [file.read_text() for file in files]


@pytest.mark.parametrize("count", COUNTS)
def test_a_damaged_compose_file(tmp_path: Path, count: int) -> None:
    file, env_file = tmp_path / "compose.yml", tmp_path / ".env"
    env_file.write_text("A=1\nTAG=2\n")
    for number, _, data in cases(1, count, compose_files()):
        file.write_bytes(data)
        require_no_traceback(number, lambda: read_stack(file, env_file=env_file, environ={}))


@pytest.mark.parametrize("count", COUNTS)
def test_damaged_settings(tmp_path: Path, count: int) -> None:
    (tmp_path / "compose.yml").write_text("services: {web: {image: web}, db: {image: mariadb}}\n")
    minimal = "compose_file: compose.yml\nservices: {app: [web], database: db}\ndatabase: {name: s}"
    file = tmp_path / "cosmicdeploy.yaml"
    for number, _, data in cases(2, count, [example_settings().read_text(), minimal]):
        file.write_bytes(data)
        require_no_traceback(number, lambda: load(file, {}))


@pytest.mark.parametrize("count", COUNTS)
def test_the_damaged_file_of_a_framework(tmp_path: Path, count: int) -> None:
    file = tmp_path / "own.yaml"
    for number, _, data in cases(5, count, [path.read_text() for path in FOLDER.glob("*.yaml")]):
        file.write_bytes(data)
        require_no_traceback(number, lambda: framework_in(file))


@pytest.mark.parametrize("count", COUNTS)
def test_a_damaged_env_file(tmp_path: Path, count: int) -> None:
    lines = (STACK / "oracle/env-lines.txt").read_text()
    texts = [(STACK / "data/production.env").read_text(), lines, *lines.split("\n")]
    file = tmp_path / ".env"
    for number, _, data in cases(3, count, texts):
        file.write_bytes(data)
        require_no_traceback(number, lambda: read_env_file(file))


@pytest.mark.parametrize("count", COUNTS)
def test_a_damaged_journal(tmp_path: Path, few: int, count: int) -> None:
    history = History()
    for _ in range(few + 2):
        history.finished("build", "rollout", backups=["b1"])
    killed = "".join(json.dumps(record) + "\n" for record in killed_run())
    past = b"".join(history.lines).decode()
    path = tmp_path / "journal.jsonl"
    for number, chance, data in cases(4, count, [killed, past, past + killed, killed + past]):
        path.write_bytes(data)
        journal = Journal(path=path)
        require_no_traceback(number, lambda journal=journal: read_all(journal))  # type: ignore[misc]
        if chance.random() < 0.3:
            before = lines_of(path)
            require_no_traceback(number, lambda journal=journal: rotate(journal, Needed()))  # type: ignore[misc]
            require_same_lines(journal, before)
            path.with_name("journal.archive.jsonl").unlink(missing_ok=True)


def test_a_text_where_the_deploy_section_belongs_is_named(tmp_path: Path) -> None:
    file = tmp_path / "compose.yml"
    file.write_text("services:\n  web:\n    image: web\n    deploy: three\n")
    with pytest.raises(ConfigError, match="service 'web': deploy must be a mapping"):
        read_stack(file, env_file=tmp_path / ".env", environ={})


def compute() -> None:
    for _ in counting():
        pass


@pytest.mark.parametrize("hang", [compute, lambda: time.sleep(30)])
def test_a_reader_that_computes_or_waits_for_too_long_is_noticed(hang: Callable[[], None]) -> None:
    with pytest.raises(Hangs), limited(computing=0.1, wall=0.5):
        hang()
