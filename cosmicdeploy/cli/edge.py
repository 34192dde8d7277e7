"""The outer edge of every command: turns errors into text, JSON and an exit code."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import TYPE_CHECKING

import typer

from cosmicdeploy.cli.terminal import Terminal
from cosmicdeploy.errors import CosmicError, ExitCode, to_cosmic_error
from cosmicdeploy.journal.journal import now

if TYPE_CHECKING:
    from cosmicdeploy.events import Emit, Event
    from cosmicdeploy.report.model import Report


@dataclass(kw_only=True)
class Call:
    """One call of a command: its name, its start, its terminal, its warnings so far."""

    command: str
    terminal: Terminal
    started_at: str = field(default_factory=now)
    started: float = field(default_factory=time.monotonic)
    warnings: list[str] = field(default_factory=list)

    def hearing(self, emit: Emit = lambda _event: None) -> Emit:
        """Return an event handler that puts each warning once on stderr and in the report.

        Passes all other events to `emit`; the default drops them.
        """
        from cosmicdeploy.events import Warned

        def hear(event: Event) -> None:
            if isinstance(event, Warned):
                self.warn(event.text)
            else:
                emit(event)

        return hear

    def warn(self, text: str) -> None:
        """Write a warning to standard error and to the report, once per text."""
        if text not in self.warnings:
            self.warnings.append(text)
            self.terminal.warn(text)

    def report(self, **fields: object) -> Report:
        """Return a report of this call with the given fields."""
        from cosmicdeploy.report.model import Report

        return Report.model_validate(
            {
                "command": self.command,
                "started_at": self.started_at,
                "seconds": round(time.monotonic() - self.started, 3),
                "warnings": self.warnings,
                **fields,
            }
        )

    def trace(self, error: BaseException | None) -> None:
        """Print the traceback of an error if `--verbose` was given."""
        if error is not None and self.terminal.verbose:
            from rich.traceback import Traceback

            self.terminal.errors.print(
                Traceback.from_exception(type(error), error, error.__traceback__)
            )


def finish(call: Call, report: Report) -> None:
    """Print the report and exit with its code."""
    if call.terminal.json:
        print(report.to_json())
    else:
        from cosmicdeploy.report.summary import show

        show(report, call.terminal.console)
    if report.error is not None:
        from cosmicdeploy.report.summary import show_error

        show_error(report.error, call.terminal.errors)
    raise typer.Exit(report.exit_code)


@contextmanager
def edge(call: Call) -> Iterator[None]:
    """Run a command's body; print any error as a report instead of a traceback."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    except typer.Exit:
        raise
    except BaseException as error:  # no error may end as a traceback
        _failed(call, to_cosmic_error(error), error)


@contextmanager
def until_ended() -> Iterator[None]:
    """Treat Ctrl-C and a closed pipe as the normal end of a command that follows something."""
    try:
        yield
    except KeyboardInterrupt:
        return
    except BrokenPipeError:
        # Else the interpreter reports the closed pipe again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _failed(call: Call, error: CosmicError, cause: BaseException) -> None:
    call.trace(cause)
    finish(call, failed_report(call, error))


def failed_report(call: Call, error: CosmicError) -> Report:
    """Return the report of a command that failed with `error`."""
    from cosmicdeploy.report.model import ErrorReport

    interrupted = error.exit_code == ExitCode.INTERRUPTED
    return call.report(
        outcome="interrupted" if interrupted else "failed",
        exit_code=int(error.exit_code),
        error=ErrorReport.of(error),
    )


Body = Callable[[Call], "Report"]


def run_command(command: str, terminal: Terminal, body: Body) -> None:
    """Run a command's body, print its report and exit."""
    call = Call(command=command, terminal=terminal)
    with edge(call):
        finish(call, body(call))
