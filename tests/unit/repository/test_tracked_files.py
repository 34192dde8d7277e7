"""Rules for every committed file."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]
# Merge conflict markers, which git writes at the start of a line.
MARKER = re.compile(rb"^(?:<{7} |>{7} |={7}$)", re.M)


def test_no_file_has_merge_conflict_markers() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    files = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    assert ROOT / "README.md" in files
    assert [str(f) for f in files if f.is_file() and MARKER.search(f.read_bytes())] == []
