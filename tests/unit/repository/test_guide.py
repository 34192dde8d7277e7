"""docs/guide.md: for each pasted command of the manual guide, a valid cosmicdeploy command."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.unit.commands import require_valid

pytestmark = pytest.mark.unit

PAGE = Path(__file__).resolve().parents[3] / "docs" / "guide.md"
CELL = re.compile(r"(?<!\\)\|")
COMMAND = re.compile(r"`(cosmicdeploy [^`]+)`")
HEADINGS = ["in the guide", "what to check", "with cosmicdeploy", "what it does"]


def tables() -> dict[str, list[list[str]]]:
    """Return the rows of each section's table, as cells."""
    by_section: dict[str, list[list[str]]] = {}
    for line in PAGE.read_text().splitlines():
        if line.startswith("## "):
            rows = by_section.setdefault(line[3:], [])
        elif line.startswith("|"):
            rows.append([cell.strip() for cell in CELL.split(line)[1:-1]])
    return by_section


ROWS = [row for rows in tables().values() for row in rows[2:]]


def test_every_section_has_a_table_without_empty_cells() -> None:
    for section, rows in tables().items():
        assert rows[0] == HEADINGS and len(rows) > 2, section
        assert all(len(row) == len(HEADINGS) and all(row) for row in rows), section


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:60])
def test_every_row_has_valid_commands(row: list[str]) -> None:
    assert COMMAND.findall(row[2]), row
    for line in COMMAND.findall(" ".join(row[2:])):
        if line != "cosmicdeploy --help":
            require_valid(line.replace("\\|", "|"))


# How many commands of the manual guide start with each of these words.
PASTED = {
    "docker exec": 32,
    "docker logs": 10,
    "docker-compose -f": 15,
    "docker ps": 2,
    "curl ": 2,
    "git ": 3,
    "SELECT": 2,
}


def test_no_command_of_the_manual_guide_is_missing() -> None:
    pasted = [line for row in ROWS for line in re.findall(r"`([^`]+)`", row[0])]
    counted = {word: sum(line.startswith(word) for line in pasted) for word in PASTED}
    assert counted == PASTED
