"""What a load says and keeps of a backup on its way."""

import io
from pathlib import Path

import pytest

from cosmicdeploy.database.dump import prerequisites
from cosmicdeploy.database.restore.load import IN_MEMORY, Waiting
from cosmicdeploy.errors import BackupError

pytestmark = pytest.mark.unit


def test_what_waits_fills_no_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = Waiting(io.BytesIO(), tmp_path)
    waiting.put(bytes(IN_MEMORY + 1))
    monkeypatch.setattr(prerequisites, "KEEP_FREE_BYTES", 1 << 62)
    with pytest.raises(BackupError, match="no room"):
        waiting.put(b"x")
    small = Waiting(io.BytesIO(), tmp_path)
    small.put(b"what stays in memory needs no disk")


def test_what_waits_comes_back_statement_by_statement(tmp_path: Path) -> None:
    waiting = Waiting(io.BytesIO(), tmp_path)
    statements = [b"SET @x = 1", b"SELECT '\\';; DROP TABLE x;; -- '", b"\0\n"]
    for statement in statements:
        waiting.put(statement)
    assert list(waiting) == statements
