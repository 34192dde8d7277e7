"""A layout: a kind of stack, and what is true of its releases."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from tests.stack.stacks.one_app import OneApp, stack_of_kind
from tests.stack.support.origins import DEPLOYER


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A kind of stack, and what is true of its releases.

    `kind` is its class. `opened` lays it out below a folder, and removes it at the end of the
    block; None for what `stack_of_kind` does. `replaced` are the services and replicas whose
    containers a release replaces; all others stay. `gaps` are those of which the plan announces a
    gap. `options` are those of `deploy` and `rollback`. `has_data`: a rollback turns clients away
    while it restores the data. `deploys_again`: once the files are those of the older release as
    well, a deploy puts the rest in place: the name of the tag, or the run of a one-shot service.
    `origin` is the only one that can create the stack, unless the deployer can. `sample`: `make
    test` takes it through the scenario.
    """

    name: str
    kind: Callable[[Path], OneApp]
    opened: Callable[[Path], AbstractContextManager[OneApp]] | None = None
    replaced: Set[str] = frozenset({"app"})
    gaps: Set[str] = frozenset({"app"})
    options: Sequence[str] = ()
    has_data: bool = False
    deploys_again: bool = False
    origin: str = DEPLOYER
    sample: bool = False

    def open(self, folder: Path) -> AbstractContextManager[OneApp]:
        """Lay the stack out below a folder; remove it at the end of the block."""
        return self.opened(folder) if self.opened else stack_of_kind(folder, self.kind)
