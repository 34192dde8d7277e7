"""A sample of tests on the newest engine, which runs in addition to this machine's engine.

`make matrix` runs all tests there. The engine is unpacked only once, into `.cache`, since unpacking
takes longer than the test.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from bootstrap.engines.catalogue import ENGINES, NEWEST
from bootstrap.engines.daemon import running
from bootstrap.engines.images import copy_base_images
from cosmicdeploy.engine.connection import open_client
from tests.matrix.table import STEPS
from tests.stack.support.harness import ROOT

pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(os.getuid() != 0, reason="only root can start a second engine"),
]


@pytest.mark.torture
def test_a_small_stack_on_the_newest_engine() -> None:
    with running(ENGINES[NEWEST]) as engine:
        copy_base_images(open_client(), engine, only=("PYTHON_IMAGE",))
        words = [sys.executable, "-m", "tests.matrix.on_engine", NEWEST, "no-proxy", "cosmicdeploy"]
        done = subprocess.run(
            [*engine.enter, *words],
            cwd=ROOT,
            env={**os.environ, **engine.environ},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    row = json.loads(done.stdout.splitlines()[-1])
    steps = [step for step in STEPS if step != "restore"]  # there is no database
    assert (row["failed"], row["passed"]) == ({}, [*steps, "set-up"])
    assert row["version"].startswith(NEWEST)
