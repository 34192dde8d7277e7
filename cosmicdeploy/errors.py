"""The exception tree. Every error that an operator sees is one of these.

Each error says what went wrong, where, and what to do next. `cli/edge.py` turns it into text and an
exit code. Exit codes are part of the interface (see docs/report.md).
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Sequence
from enum import IntEnum

from cosmicdeploy.text.sanitize import encodable


class ExitCode(IntEnum):
    """The exit codes, on which a pipeline can rely."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    NEEDS_PERSON = 3
    LOCKED = 4
    CHECK_FAILED = 5
    INTERRUPTED = 130


# What fits on a screen: characters of a paragraph and of a line, and lines.
PARAGRAPH = 1000
WIDTH = 200
LINES = 20
CUT = re.compile(r"… \(([\d,]+) more characters\)\Z")
# Room for these words.
CUT_WORDS = 35


class CosmicError(Exception):
    """Base of all errors of this project.

    `what` is one sentence, `where` names the file, service or address, `todo` the next action, and
    `details` are further lines, such as the last ones of a build, a log or a probe. All of it is
    cut to a screen, for the terminal, the report and the journal alike: a tool may print megabytes.
    """

    exit_code = ExitCode.FAILED

    def __init__(
        self, what: str, *, where: str = "", todo: str = "", details: Sequence[str] = ()
    ) -> None:
        super().__init__(cut(what, PARAGRAPH))
        self.what = cut(what, PARAGRAPH)
        self.where = cut(where, PARAGRAPH)
        self.todo = cut(todo, PARAGRAPH)
        self.details = _screenful(details)

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where else ""
        hint = f" → {self.todo}" if self.todo else ""
        return f"{self.what}{place}{hint}"


def cut(text: str, most: int) -> str:
    """Cut a text to `most` characters and say how many are missing.

    A text that was cut before may be cut again: the count then covers both. Unpaired surrogates
    are escaped, since they can be neither printed nor written.
    """
    text = encodable(text)
    before = CUT.search(text)
    body = text[: before.start()] if before else text
    if len(body) <= most:
        return text
    left = len(body) - most + (int(before[1].replace(",", "")) if before else 0)
    return f"{body[:most]}… ({left:,} more characters)"


def join_errors(first: str, words: str, second: str) -> str:
    """Join two errors in a paragraph. Each gets half of it: the second one often matters more."""
    half = (PARAGRAPH - len(words)) // 2 - CUT_WORDS
    return f"{cut(first, half)}{words}{cut(second, half)}"


def _screenful(details: Sequence[str]) -> tuple[str, ...]:
    """Keep the first and the last lines: of a list the first matter, of a log the last."""
    lines = [line for detail in details for line in detail.splitlines() or [""]]
    if len(lines) > LINES:
        half = LINES // 2
        lines[half:-half] = [f"… {len(lines) - 2 * half:,} more lines …"]
    return tuple(cut(line, WIDTH) for line in lines)


class UsageError(CosmicError):
    """The call or the configuration is wrong; nothing was changed."""

    exit_code = ExitCode.USAGE


class ConfigError(UsageError):
    """`cosmicdeploy.yaml`, `.env`, a playbook or the compose file cannot be used."""


class EngineError(CosmicError):
    """The container engine refused, failed or went away."""


class EngineUnavailable(EngineError):
    """No engine answers at the address in use."""


class CommandSilent(EngineError):
    """A command in a container printed nothing for longer than allowed."""


class BuildFailed(EngineError):
    """An image could not be built."""


class UnhealthyContainer(EngineError):
    """A container did not become healthy in time."""


class DatabaseError(CosmicError):
    """The database cannot be reached, or refused a statement."""


class BackupError(CosmicError):
    """A backup could not be made, or does not match its manifest."""


class UnknownBackup(BackupError):
    """No backup has the given name."""

    exit_code = ExitCode.USAGE


class ForeignBackup(BackupError):
    """A backup belongs to another stack, so this one neither uses nor removes it."""

    exit_code = ExitCode.USAGE


class BackupUnreadable(BackupError):
    """A backup's data cannot be read now; whether it is intact is unknown."""


class MigrationFailed(CosmicError):
    """The application's migrations failed or did not finish."""


class ProbeFailed(CosmicError):
    """A measurement from outside did not find what it expected."""


class Refused(CosmicError):
    """A step cannot succeed, whatever earlier steps do; raised before anything is changed."""


class Declined(CosmicError):
    """The operator was asked to confirm, and declined."""


class NeedsPerson(CosmicError):
    """A run failed half-way, and an operator has to decide how to go on."""

    exit_code = ExitCode.NEEDS_PERSON


class LockHeld(CosmicError):
    """Another run holds the deploy lock of this stack."""

    exit_code = ExitCode.LOCKED


class LockLost(NeedsPerson):
    """Another run took the lock over while this one was frozen or disconnected."""


class CheckFailed(CosmicError):
    """A verification found a failing point."""

    exit_code = ExitCode.CHECK_FAILED


class NotProven(CosmicError):
    """A point of the verification could not be checked: the release may work or not."""

    exit_code = ExitCode.CHECK_FAILED


class Interrupted(CosmicError):
    """The run was stopped by Ctrl-C, SIGTERM or SIGHUP."""

    exit_code = ExitCode.INTERRUPTED


# What to do about the errors of a file system. Any other `OSError` is a bug of this program.
_OWNER = "change its owner or mode, or run this as a user who may use it"
_ROOM = "free some space there, and run it again"
_OF_FILES = {
    errno.EACCES: _OWNER,
    errno.EPERM: _OWNER,
    errno.EROFS: "make it writable, or choose another path",
    errno.ENOTDIR: "choose a path in a folder",
    errno.EISDIR: "move the folder away: a file belongs there",
    errno.EEXIST: "move the file away: a folder belongs there",
    errno.ELOOP: "replace the link by the file or folder it should lead to",
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EIO: "check the disk or the mount",
}


def to_cosmic_error(error: BaseException) -> CosmicError:
    """Turn any exception into a `CosmicError`, so that it can be shown in one line."""
    if isinstance(error, CosmicError):
        return error
    if isinstance(error, KeyboardInterrupt):
        return Interrupted("Interrupted", todo="run the same command again")
    if isinstance(error, OSError) and isinstance(error.filename, str) and error.errno in _OF_FILES:
        file_error = CosmicError(
            f"A file or folder cannot be used: {os.strerror(error.errno)}",
            where=error.filename,
            todo=_OF_FILES[error.errno],
        )
        return file_error.with_traceback(error.__traceback__)
    unexpected = CosmicError(
        f"Unexpected {type(error).__name__}: {error}",
        todo="run it again with --verbose and report what it prints",
    )
    return unexpected.with_traceback(error.__traceback__)
