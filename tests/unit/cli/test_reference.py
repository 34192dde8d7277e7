"""The published reference of the commands, and the examples in their help."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cosmicdeploy.cli.reference import help_parts, reference_text
from tests.unit.commands import all_commands, require_valid

pytestmark = pytest.mark.unit
DOCS = Path(__file__).resolve().parents[3] / "docs"


def test_the_published_reference_is_up_to_date() -> None:
    is_current = (DOCS / "reference.md").read_text() == reference_text()
    assert is_current, "run `make docs`"


COMMANDS = dict(all_commands())
# 80 columns, less the indentation of help.
EXAMPLE_WIDTH = 76


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_has_valid_examples(path: str) -> None:
    _, examples = help_parts(COMMANDS[path])
    lines = [line.strip() for line in examples.splitlines()]
    assert lines, f"{path} --help has no example"
    assert {require_valid(line) for line in lines} == {path}
    assert max(map(len, lines)) <= EXAMPLE_WIDTH


def test_an_invalid_command_line_fails_these_tests() -> None:
    for line in (
        "cosmicdeploy deploi",
        "cosmicdeploy deploy --plam",
        "cosmicdeploy backup",
        "cosmicdeploy step",
    ):
        with pytest.raises(AssertionError, match=line.split()[1]):
            require_valid(line)
    assert require_valid("cosmicdeploy exec app ls -la | head") == "cosmicdeploy exec"


def test_help_shows_the_examples_without_rewrapping() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cosmicdeploy", "rollback", "--help"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.startswith("Usage: cosmicdeploy rollback")
    assert "    cosmicdeploy rollback --to latest\n" in done.stdout
