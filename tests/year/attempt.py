"""A scenario on its way: the stack, the commands that have ended, and what has to be put back."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from cosmicdeploy.errors import CosmicError
from tests.stack.stacks.php.strangers_laravel import StrangersLaravel
from tests.stack.support.harness import Done
from tests.stack.support.processes.commands import Command

LONGEST_SECONDS = 600
# What can go wrong in a scenario without a mistake in its code.
FAILURES = (
    CosmicError,
    AssertionError,
    OSError,
    ValueError,
    LookupError,
    RuntimeError,
    subprocess.SubprocessError,
)


@dataclass
class Attempt:
    """One run of a scenario.

    `codes` has the exit codes of the ended commands, `report` the last one's report, and `ended_at`
    when it ended, in seconds of the monotonic clock. `output` is all that the commands printed.
    `wrong` has what else is not as it should be, `figures` what the table says below. `backup` is
    the backup that a rollback goes back to. `put_back` is closed once the scenario has been judged.
    """

    stack: StrangersLaravel
    codes: list[int] = field(default_factory=list)
    report: Mapping[str, Any] = field(default_factory=dict)
    ended_at: float = 0.0
    output: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    figures: list[str] = field(default_factory=list)
    backup: str = ""
    put_back: ExitStack = field(default_factory=ExitStack)

    def run(self, *words: str) -> Done:
        """Run a command to its end."""
        return self.finish(self.start(*words))

    def start(self, *words: str) -> Command:
        """Start a command; one that still runs after the scenario is killed."""
        self.output.append(f"$ cosmicdeploy {' '.join(words)}")
        command = self.stack.start(*words, "--json")
        self.put_back.callback(command.kill)
        return command

    def finish(self, command: Command) -> Done:
        """Wait for the end of a command, and count it; kill it if the wait is cut short."""
        try:
            out, err = command.communicate(timeout=LONGEST_SECONDS)
        except BaseException:
            command.kill()
            raise
        done = Done(command.wait(), out, err)
        self.count(done.code)
        self.output += [f"exit code {done.code}", out, err]
        self.report = done.report if out.strip() else {}
        return done

    def count(self, code: int) -> None:
        """Count a command that has ended with this exit code."""
        self.codes.append(code)
        self.ended_at = time.monotonic()

    def prepare(self, *words: str) -> Done:
        """Run a command that has to succeed before the scenario begins, without counting it."""
        done = self.stack.cli(*words, "--json")
        self.output += [f"$ cosmicdeploy {' '.join(words)}", done.stdout, done.stderr]
        assert done.code == 0, f"given: {' '.join(words)}: {error_of(done.report)}"
        return done

    def expect(self, holds: bool, otherwise: str) -> None:
        """Note what is not as it should be, and continue."""
        if not holds:
            self.wrong.append(otherwise)


def error_of(report: Mapping[str, Any]) -> str:
    """Return the error of a report in a line, "" if it has none."""
    error = report.get("error") or {}
    words = (error.get("what"), *(error.get("details") or ())[:2])
    return " / ".join(str(word) for word in words if word)
