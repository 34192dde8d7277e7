"""What a command talks to: a console for people, stdout for programs, and a way to ask."""

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
    """With `json` stdout belongs to the one document, so people are told on stderr."""

    json: bool = False
    yes: bool = False
    verbose: bool = False
    no_color: bool = False

    @cached_property
    def console(self) -> Console:
        """Where people read: live where it is a terminal and no pipeline."""
        from cosmicdeploy.report.console import PlainConsole

        interactive = None if not in_pipeline() else False
        return PlainConsole(
            stderr=self.json, no_color=self.no_color or None, force_terminal=interactive
        )

    @cached_property
    def errors(self) -> Console:
        """Where errors go."""
        from cosmicdeploy.report.console import PlainConsole

        return PlainConsole(stderr=True, no_color=self.no_color or None)

    def warn(self, text: str) -> None:
        """Tell on standard error, whatever becomes of the command."""
        from cosmicdeploy.report.console import styled

        self.errors.print(styled("[yellow]warning:[/] {}", text), soft_wrap=True)

    def confirm(self, question: str) -> bool:
        """Ask once; raises `UsageError` where nobody can answer."""
        if self.yes:
            return True
        if in_pipeline() or not sys.stdin.isatty():
            raise UsageError(
                "This needs a yes, and nobody is here to give it",
                todo="add --yes to go on",
                details=[question],
            )
        from rich.prompt import Confirm

        from cosmicdeploy.report.console import styled

        try:
            return Confirm.ask(styled("{}", question), console=self.console, default=False)
        except EOFError:  # Ctrl-D is no yes
            return False

    def require_yes(self, question: str, untouched: str = "Nothing was touched") -> None:
        """As `confirm`, but raises `Declined` where the answer is no; it says what is left."""
        if not self.confirm(question):
            raise Declined(f"{untouched}: the answer was no")


def in_pipeline() -> bool:
    """Whether this runs in a CI job (`CI=true`), where prompts and live output are of no use."""
    return os.environ.get("CI", "").lower() in ("1", "true", "yes")


def told_on_stderr(terminal: Terminal) -> Callable[[Event], None]:
    """For commands whose standard output is not ours: what must be told goes to standard error."""
    from cosmicdeploy.events import Notice

    def tell(event: Event) -> None:
        if isinstance(event, Notice):
            terminal.errors.print(event.text, soft_wrap=True)

    return tell
