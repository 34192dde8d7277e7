"""Loaded code is excluded from garbage collection; later objects are not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

SCRIPT = """
import gc
from cosmic_app.gc_exclusion import excluded_from_gc

try:
    with excluded_from_gc():
        enabled_inside = gc.isenabled()
        import decimal
        raise ImportError
except ImportError:
    pass
assert gc.get_freeze_count() > 1000, "nothing is excluded"
assert not any(each is decimal.__dict__ for each in gc.get_objects())
print(enabled_inside, gc.isenabled())
"""


def test_garbage_collection_stops_during_the_import_and_resumes_after_it(payload: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={"PYTHONPATH": str(payload / "app")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "False True\n"), done.stderr
