"""What is loaded is no garbage, and what comes after it may be."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

SCRIPT = """
import gc
from cosmic_app.garbage import loading

try:
    with loading():
        seen = gc.isenabled()
        import decimal
        raise ImportError
except ImportError:
    pass
assert gc.get_freeze_count() > 1000, "nothing is spared"
assert not any(each is decimal.__dict__ for each in gc.get_objects())
print(seen, gc.isenabled())
"""


def test_it_is_looked_for_again_once_all_is_loaded(payload: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={"PYTHONPATH": str(payload / "app")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "False True\n"), done.stderr
