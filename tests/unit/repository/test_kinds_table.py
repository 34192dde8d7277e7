"""docs/backups.md has the same table of kinds and servers that the stack tests check."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stack.database.kinds.kind import table

DOCS = Path(__file__).parents[3] / "docs" / "backups.md"

pytestmark = pytest.mark.unit


def test_the_table_of_kinds_and_servers_is_up_to_date() -> None:
    # `make docs` writes the table.
    assert table() in DOCS.read_text(encoding="utf-8")
