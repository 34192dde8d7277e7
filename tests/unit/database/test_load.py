"""What a load says and keeps of a backup on its way."""

import io
from pathlib import Path

import pytest

from cosmicdeploy.database import faithful
from cosmicdeploy.database.load import IN_MEMORY, Waiting, told
from cosmicdeploy.errors import BackupError

pytestmark = pytest.mark.unit


def test_what_waits_fills_no_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = Waiting(io.BytesIO(), tmp_path)
    waiting.write(bytes(IN_MEMORY + 1))
    monkeypatch.setattr(faithful, "KEEP_FREE_BYTES", 1 << 62)
    with pytest.raises(BackupError, match="no room"):
        waiting.write(b"x")
    Waiting(io.BytesIO(), tmp_path).write(b"what stays in memory needs no disk")


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (
            "ERROR 1062 (23000) at line 7: Duplicate entry 'a@b' for key 'x'",
            "ERROR 1062 (23000) at line 7",
        ),
        (
            "ERROR 1366 (HY000) at line 7: Incorrect value: 'a@b'",
            "ERROR 1366 (HY000) at line 7",
        ),
        (
            "ERROR 1050 (42S01) at line 7: Table 'v' already exists",
            "ERROR 1050 (42S01) at line 7: Table 'v' already exists",
        ),
    ],
)
def test_what_the_client_tells_shows_no_values_of_rows(line: str, shown: str) -> None:
    assert told(f"--\n{line}\n") == ["--", shown]
