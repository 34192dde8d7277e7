"""The outer edge of every command: turn errors into text, JSON and an exit code."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

import typer

from cosmicdeploy.cli.edge.descriptors import require_descriptors
from cosmicdeploy.cli.terminal import Terminal
from cosmicdeploy.errors import CosmicError, ExitCode, to_cosmic_error
from cosmicdeploy.text.timestamp import now

if TYPE_CHECKING:
    from cosmicdeploy.events import Emit, Event
    from cosmicdeploy.report.model import Report


@dataclass(kw_only=True)
class Call:
    """One call of a command.

    `command` is the command with its subcommand, such as "backup list". `started_at` is when the
    call started, in ISO 8601; `started` is the same time on the monotonic clock, in seconds.
    `warnings` are the warnings printed so far, which the report repeats.
    """

    command: str
    terminal: Terminal
    started_at: str = field(default_factory=now)
    started: float = field(default_factory=time.monotonic)
    warnings: list[str] = field(default_factory=list)

    def event_handler(self, emit: Emit = lambda _event: None) -> Emit:
        """Return an event handler that prints warnings on stderr and adds them to the report.

        The handler passes all other events to `emit`; by default it drops them.
        """
        from cosmicdeploy.events import Warned

        def handle(event: Event) -> None:
            if isinstance(event, Warned):
                self.warn(event.text)
            else:
                emit(event)

        return handle

    def warn(self, text: str) -> None:
        """Print a warning on stderr and add it to the report, unless it was printed before."""
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

    def print_traceback(self, error: BaseException | None) -> None:
        """Print the traceback of an error if the call has `--verbose`."""
        if error is not None and self.terminal.verbose:
            from rich.traceback import Traceback

            self.terminal.errors.print(
                Traceback.from_exception(type(error), error, error.__traceback__)
            )


def finish(call: Call, report: Report) -> NoReturn:
    """Print the report, and its error on stderr, then exit with the report's exit code."""
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
    """Run a command's body; report any error and exit with the error's exit code.

    Also makes SIGTERM act like Ctrl-C, for the rest of the process, and refuses to run if the
    process may open too few files.
    """
    signal.signal(signal.SIGTERM, _raise_interrupt)
    try:
        require_descriptors()
        yield
    except typer.Exit:
        raise
    except BaseException as error:  # Ctrl-C and bugs too: no traceback without --verbose
        call.print_traceback(error)
        finish(call, failed_report(call, to_cosmic_error(error)))


@contextmanager
def until_interrupted() -> Iterator[None]:
    """Treat Ctrl-C and a closed pipe as the normal end of `monitor` and `logs --follow`."""
    try:
        yield
    except KeyboardInterrupt:
        return
    except BrokenPipeError:
        # Otherwise the interpreter would flush stdout at exit and report the closed pipe again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _raise_interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


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


def run_command(command: str, terminal: Terminal, body: Body) -> NoReturn:
    """Run a command's body, print its report, then exit."""
    call = Call(command=command, terminal=terminal)
    with edge(call):
        finish(call, body(call))
