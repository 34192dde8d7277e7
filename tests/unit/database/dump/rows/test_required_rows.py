"""Rows that are missing in a dump fail the backup by name."""

from __future__ import annotations

from typing import Any

import pytest

from cosmicdeploy.database.dump.rows.row_counts import require_all_rows
from cosmicdeploy.errors import BackupError

pytestmark = pytest.mark.unit


class Facts:
    """A table with two rows."""

    session: Any = type("Session", (), {"where": "server"})

    def count(self, _: str) -> int:
        return 2


def require(dumped: int, again: int, *, is_exact: bool) -> None:
    facts: Any = Facts()
    require_all_rows(facts, {"a": dumped}, {"a": 2}, lambda _: again, is_exact=is_exact)


def test_fewer_rows_than_in_the_dumps_own_snapshot_are_missing() -> None:
    with pytest.raises(BackupError, match=r"a \(1 of 2\)"):
        require(1, 2, is_exact=True)
    require(2, 2, is_exact=True)


def test_fewer_rows_than_before_the_dump_are_missing_if_every_dump_lacks_them() -> None:
    require(1, 2, is_exact=False)
    with pytest.raises(BackupError, match=r"a \(1 of 2\)"):
        require(1, 1, is_exact=False)
