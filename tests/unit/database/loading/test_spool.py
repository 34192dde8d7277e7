"""The statements that a load defers until the rows are loaded."""

import io
from pathlib import Path

import pytest

from cosmicdeploy.database.backups.on_disk import disk_space
from cosmicdeploy.database.loading.spool import IN_MEMORY, StatementSpool
from cosmicdeploy.errors import BackupError

pytestmark = pytest.mark.unit


def test_deferred_statements_do_not_fill_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = StatementSpool(io.BytesIO(), tmp_path)
    spool.put(bytes(IN_MEMORY + 1))
    monkeypatch.setattr(disk_space, "RESERVED_BYTES", 1 << 62)
    with pytest.raises(BackupError, match="No room"):
        spool.put(b"x")
    small = StatementSpool(io.BytesIO(), tmp_path)
    small.put(b"kept in memory, not on disk")


def test_deferred_statements_are_returned_unchanged(tmp_path: Path) -> None:
    spool = StatementSpool(io.BytesIO(), tmp_path)
    statements = [b"SET @x = 1", b"SELECT '\\';; DROP TABLE x;; -- '", b"\0\n"]
    for statement in statements:
        spool.put(statement)
    assert list(spool) == statements
