"""The known state that each scenario begins with: release 1, healthy, nothing unfinished."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.stack.stacks.php.strangers_laravel import StrangersLaravel, strangers_laravel
from tests.year.attempt import FAILURES, error_of

# Also replaces what a scenario has changed besides the application, and removes what it has added.
TO_RELEASE_1 = (
    "deploy",
    *("--include", "cache", "--include", "proxy", "--remove-orphans", "--yes", "--json"),
)


@dataclass
class HealthyStack:
    """Lends the same stack to all scenarios; a new one if the last scenario left it unusable."""

    folder: Path
    _stack: StrangersLaravel | None = None
    _opened: ExitStack = field(default_factory=ExitStack)

    def get(self) -> StrangersLaravel:
        """Return the stack in the known state."""
        if self._stack is not None and (problem := _problem_of(self._stack)):
            say(f"the stack is laid out again: {problem}")
            self.remove()
        if self._stack is None:
            self._stack = self._opened.enter_context(strangers_laravel(self.folder))
        return self._stack

    def remove(self) -> None:
        """Remove the stack, if there is one."""
        self._stack = None
        self._opened.close()


def _problem_of(stack: StrangersLaravel) -> str:
    """Deploy release 1; return what stands in the way of the known state, "" if nothing does."""
    try:
        done = stack.cli(*TO_RELEASE_1)
        if done.code:
            return error_of(done.report) or f"exit code {done.code}"
        if stack.cli("status", "--json").report["unfinished"]:
            return "a run is unfinished"
        answer = stack.health()
        return "" if answer.status == 200 else f"the health page answers {answer.status}"
    except FAILURES as error:
        return str(error) or type(error).__name__


def say(text: str) -> None:
    """Print progress to stderr; only the table goes to stdout."""
    print(f"year: {text}", file=sys.stderr, flush=True)
