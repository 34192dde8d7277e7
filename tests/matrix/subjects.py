"""The stacks that the matrix runs on each engine.

A further layout is one more function here: it gets the row to fill in, the origin of the stack and
an empty folder, and leaves nothing behind. `row.run` records each of its steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from tests.matrix.demo import run_demo
from tests.matrix.one_app import run_one_app
from tests.matrix.origins import Origin
from tests.matrix.result import Row

Subject = Callable[[Row, Origin, Path], None]
SUBJECTS: Mapping[str, Subject] = {"demo": run_demo, "one-app": run_one_app}
