"""The stacks that the matrix runs on each engine: the demo, and each layout of tests/stack.

A subject gets the row to fill in, the origin of the stack and an empty folder, and leaves nothing
behind. `row.run` records each of its steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.matrix.demo import run_demo
from tests.matrix.layouts import run_layout
from tests.matrix.result import Row
from tests.stack.layouts.catalogue import LAYOUTS
from tests.stack.support.origins import ORIGINS, Origin


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A stack of the matrix, and the origins that it runs with if none is named."""

    run: Callable[[Row, Origin, Path], None]
    origins: Iterable[str]


SUBJECTS: Mapping[str, Subject] = {
    "demo": Subject(run=run_demo, origins=ORIGINS),
    **{
        name: Subject(run=partial(run_layout, layout), origins=[layout.origin])
        for name, layout in LAYOUTS.items()
    },
}
