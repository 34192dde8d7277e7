"""`config --hash` of Compose v2 is the hash of `up` for what only `up` resolves.

`up` hashes a service as if its variables stood in the compose file, and as if what it does not
depend on were not there; the tests compare with such a file.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from cosmicdeploy.engine.containers.compose_tool import config_hashes
from cosmicdeploy.engine.containers.creation.hash_override import hash_override
from cosmicdeploy.engine.containers.creation.hash_values import hash_values
from cosmicdeploy.stack.compose import read_stack
from cosmicdeploy.stack.model import Stack
from tests.unit.stack.oracle.compose_v2 import PROGRAM

pytestmark = pytest.mark.unit

ENV_FILE = """\
services:
  web:
    image: web
    env_file: [a.env, {path: none.env, required: false}]
    environment: {X: y, ABSENT: }
  job: {extends: {file: common.yml, service: base}, image: job}
"""
INLINED = """\
services:
  web:
    image: web
    environment: {A: 'a$$b ${word}', B: "x\\ny", X: y, ABSENT: }
  job: {image: job, environment: {A: 'a$$b ${word}', B: "x\\ny"}}
"""
OPTIONAL = """\
services:
  web:
    image: web
    links: ["db:store"]
    depends_on:
      db: {condition: service_started, restart: true}
      mail: {condition: service_started, required: false}
  db: {image: db, depends_on: {mail: {condition: service_started, required: false}}}
  mail: {image: mail, profiles: [mail]}
"""
WITHOUT = """\
services:
  web:
    image: web
    links: ["db:store"]
    depends_on:
      db: {condition: service_started, restart: true}
  db: {image: db}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with env files, and a PATH with Compose v2 as `docker-compose`."""
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "docker-compose").symlink_to(PROGRAM)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("word", "a word")
    (folder / "a.env").write_text('A="a$$b $word"\nB="x\ny"\nX=1\n')
    (folder / "common.yml").write_text("services:\n  base: {env_file: b.env}\n")
    (folder / "b.env").write_text('A="a$$b $word"\nB="x\ny"\n')
    return folder


def hashes(folder: Path, text: str) -> dict[str, str]:
    (folder / "compose.yml").write_text(text)
    stack: Stack = read_stack(
        folder / "compose.yml", env_file=folder / ".env", environ=os.environ, project="shop"
    )
    values = hash_values(stack)
    files = replace(stack.compose_files, variables=values.variables)
    assert "a word" not in repr(files) and "a word" not in hash_override([], values.services)
    return dict(config_hashes(files, (text,), hash_override([], values.services)))


@pytest.mark.parametrize(("text", "plain"), [(ENV_FILE, INLINED), (OPTIONAL, WITHOUT)])
def test_the_hash_is_that_of_what_up_resolves(folder: Path, text: str, plain: str) -> None:
    found = hashes(folder, text)
    assert found == hashes(folder, plain) and "web" in found


def test_a_plain_stack_needs_no_further_file(folder: Path) -> None:
    (folder / "compose.yml").write_text(WITHOUT)
    stack = read_stack(folder / "compose.yml", env_file=folder / ".env", environ={})
    assert hash_override([], hash_values(stack).services) == ""
