"""What a load says and keeps of a backup on its way."""

import io
from pathlib import Path

import pytest

from cosmicdeploy.database import faithful
from cosmicdeploy.database.load import IN_MEMORY, Waiting
from cosmicdeploy.errors import BackupError

pytestmark = pytest.mark.unit


def test_what_waits_fills_no_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = Waiting(io.BytesIO(), tmp_path)
    waiting.write(bytes(IN_MEMORY + 1))
    monkeypatch.setattr(faithful, "KEEP_FREE_BYTES", 1 << 62)
    with pytest.raises(BackupError, match="no room"):
        waiting.write(b"x")
    Waiting(io.BytesIO(), tmp_path).write(b"what stays in memory needs no disk")
