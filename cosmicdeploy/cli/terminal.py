"""The terminal of a command: what people read, what programs read, and questions."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from cosmicdeploy.errors import Declined, UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from cosmicdeploy.events import Event


@dataclass(frozen=True)
class Terminal:
    """How a command talks; with `json`, stdout has the report alone and people read stderr."""

    json: bool = False
    yes: bool = False
    verbose: bool = False
    no_color: bool = False

    @cached_property
    def console(self) -> Console:
        """The console that people read; it has live output in a terminal outside CI."""
        from cosmicdeploy.report.console import PlainConsole

        interactive = None if not in_pipeline() else False
        return PlainConsole(
            stderr=self.json, no_color=self.no_color or None, force_terminal=interactive
        )

    @cached_property
    def errors(self) -> Console:
        """The console for errors and warnings."""
        from cosmicdeploy.report.console import PlainConsole

        return PlainConsole(stderr=True, no_color=self.no_color or None)

    def warn(self, text: str) -> None:
        """Print a warning on stderr."""
        from cosmicdeploy.report.console import styled

        self.errors.print(styled("[yellow]warning:[/] {}", text), soft_wrap=True)

    def confirm(self, question: str) -> bool:
        """Ask once. Raises `UsageError` if there is no terminal to answer from."""
        if self.yes:
            return True
        if in_pipeline() or not sys.stdin.isatty():
            raise UsageError(
                "This needs a confirmation, and there is no terminal to ask on",
                todo="add --yes",
                details=[question],
            )
        from rich.prompt import Confirm

        from cosmicdeploy.report.console import styled

        try:
            return Confirm.ask(styled("{}", question), console=self.console, default=False)
        except EOFError:  # Ctrl-D
            return False

    def require_yes(self, question: str, untouched: str = "Nothing was touched") -> None:
        """Ask once. Raises `Declined`, with what stays `untouched`, if the answer is no."""
        if not self.confirm(question):
            raise Declined(f"{untouched}: the answer was no")


def in_pipeline() -> bool:
    """Return whether this is a CI job (`CI=true`): no questions, no live output."""
    return os.environ.get("CI", "").lower() in ("1", "true", "yes")


def notices_to_stderr(terminal: Terminal) -> Callable[[Event], None]:
    """Return a handler that prints notices on stderr, for commands that leave stdout to others."""
    from cosmicdeploy.events import Notice

    def tell(event: Event) -> None:
        if isinstance(event, Notice):
            terminal.errors.print(event.text, soft_wrap=True)

    return tell
