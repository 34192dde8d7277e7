"""A command's output for people and programs, and its questions to the operator."""

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
    """The output and the questions of a command.

    With `json`, only the report goes to stdout, and everything for people goes to stderr.
    """

    json: bool = False
    yes: bool = False
    verbose: bool = False
    no_color: bool = False

    @cached_property
    def console(self) -> Console:
        """The console for people, with live output on a terminal, but not in CI."""
        from cosmicdeploy.report.console import PlainConsole

        is_terminal = False if in_ci() else None  # None: rich checks the stream
        no_color = self.no_color or None  # None: rich checks the variable NO_COLOR
        return PlainConsole(stderr=self.json, no_color=no_color, force_terminal=is_terminal)

    @cached_property
    def errors(self) -> Console:
        """The console for errors and warnings: stderr."""
        from cosmicdeploy.report.console import PlainConsole

        return PlainConsole(stderr=True, no_color=self.no_color or None)

    def warn(self, text: str) -> None:
        """Print a warning on stderr."""
        from cosmicdeploy.report.console import styled

        self.errors.print(styled("[yellow]warning:[/] {}", text), soft_wrap=True)

    def confirm(self, question: str) -> bool:
        """Ask a yes-or-no question; with `yes`, return True without asking.

        Raises `UsageError` in CI and without a terminal, where no operator could answer.
        """
        if self.yes:
            return True
        if in_ci() or not sys.stdin.isatty():
            raise UsageError(
                "This needs a confirmation, but no operator can answer in CI or without a terminal",
                todo="add --yes",
                details=[question],
            )
        from rich.prompt import Confirm

        from cosmicdeploy.report.console import styled

        try:
            return Confirm.ask(styled("{}", question), console=self.console, default=False)
        except EOFError:  # Ctrl-D
            return False

    def require_yes(self, question: str, if_declined: str = "Nothing was changed") -> None:
        """Ask a question as `confirm` does. Raises `Declined` if the answer is no.

        The message of `Declined` begins with `if_declined`.
        """
        if not self.confirm(question):
            raise Declined(f"{if_declined}: the answer was no")


def in_ci() -> bool:
    """Return whether this is a CI job, which gets no questions and no live output.

    In a CI job, the variable `CI` is true, yes or 1.
    """
    return os.environ.get("CI", "").lower() in ("1", "true", "yes")


def notices_to_stderr(terminal: Terminal) -> Callable[[Event], None]:
    """Return an event handler that prints notices on stderr, for commands that need stdout."""
    from cosmicdeploy.events import Notice

    def handle(event: Event) -> None:
        if isinstance(event, Notice):
            terminal.errors.print(event.text, soft_wrap=True)

    return handle
