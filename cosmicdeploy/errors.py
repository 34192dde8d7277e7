"""The one exception tree. Every error a user can meet is one of these.

Each error says *what* went wrong, *where*, and *what to do next*; the command line turns it into
text and an exit code at one place. Exit codes are part of the interface (see docs/report.md).
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Sequence
from enum import IntEnum

from cosmicdeploy.text.sanitize import encodable


class ExitCode(IntEnum):
    """What a pipeline can rest on."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    NEEDS_PERSON = 3
    LOCKED = 4
    CHECK_FAILED = 5
    INTERRUPTED = 130


# As much of an error as a screen has room for.
PARAGRAPH = 1000
WIDTH = 200
LINES = 20
CUT = re.compile(r"… \(([\d,]+) more characters\)\Z")
# Room for those words.
CUT_WORDS = 35


class CosmicError(Exception):
    """Base of all errors of this project.

    `what` is one sentence, `where` names the file, service or address, `todo` the next action, and
    `details` are further lines worth seeing (the last lines of a build, of a log, of a probe).
    All of it is cut at a screen, for the terminal, the report and the journal alike: a tool may
    have told megabytes.
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
    """The text as far as it may be shown and written: an unpaired surrogate can be neither. One
    that was cut before stays as it is, or is cut further with all that is left out counted."""
    text = encodable(text)
    before = CUT.search(text)
    body = text[: before.start()] if before else text
    if len(body) <= most:
        return text
    left = len(body) - most + (int(before[1].replace(",", "")) if before else 0)
    return f"{body[:most]}… ({left:,} more characters)"


def join_errors(first: str, words: str, second: str) -> str:
    """Two errors in a paragraph, each with its own half: the second one often matters more."""
    half = (PARAGRAPH - len(words)) // 2 - CUT_WORDS
    return f"{cut(first, half)}{words}{cut(second, half)}"


def _screenful(details: Sequence[str]) -> tuple[str, ...]:
    """The first and the last lines; of a list the first matter most, of a log the last."""
    lines = [line for detail in details for line in detail.splitlines() or [""]]
    if len(lines) > LINES:
        half = LINES // 2
        lines[half:-half] = [f"… {len(lines) - 2 * half:,} more lines …"]
    return tuple(cut(line, WIDTH) for line in lines)


class UsageError(CosmicError):
    """Wrong call or wrong configuration; nothing was touched."""

    exit_code = ExitCode.USAGE


class ConfigError(UsageError):
    """`cosmicdeploy.yaml`, `.env`, a playbook or the compose file cannot be used."""


class EngineError(CosmicError):
    """The container engine refused, failed or went away."""


class EngineUnavailable(EngineError):
    """No engine answers at the address in use."""


class CommandSilent(EngineError):
    """A command in a container printed nothing for as long as it may."""


class BuildFailed(EngineError):
    """An image could not be built."""


class UnhealthyContainer(EngineError):
    """A container did not become healthy in time."""


class DatabaseError(CosmicError):
    """The database cannot be reached, or refused a statement."""


class BackupError(CosmicError):
    """A backup could not be made, or is not what its manifest says."""


class UnknownBackup(BackupError):
    """No backup has the name that somebody gave."""

    exit_code = ExitCode.USAGE


class ForeignBackup(BackupError):
    """A backup is another stack's, so this one neither uses nor removes it."""

    exit_code = ExitCode.USAGE


class BackupUnreadable(BackupError):
    """A backup's data could not be read just now, which says nothing of what it is."""


class MigrationFailed(CosmicError):
    """The application's migrations did not run to their end."""


class ProbeFailed(CosmicError):
    """A measurement from outside did not find what it expected."""


class Refused(CosmicError):
    """Cannot work, whatever an earlier step does: said before anything is touched."""


class Declined(CosmicError):
    """Somebody was asked, and said no."""


class NeedsPerson(CosmicError):
    """Failed half-way in a way that only a person should decide on."""

    exit_code = ExitCode.NEEDS_PERSON


class LockHeld(CosmicError):
    """Another run works on this stack."""

    exit_code = ExitCode.LOCKED


class LockLost(NeedsPerson):
    """Another run took the lock over while this one was frozen or cut off: the stack is theirs."""


class CheckFailed(CosmicError):
    """A verification found a failing point."""

    exit_code = ExitCode.CHECK_FAILED


class NotProven(CosmicError):
    """What had to be proven could not be asked: the release may work or not."""

    exit_code = ExitCode.CHECK_FAILED


class Interrupted(CosmicError):
    """Stopped by Ctrl-C, SIGTERM or SIGHUP."""

    exit_code = ExitCode.INTERRUPTED


# What a machine may refuse to anybody, and what to do then. Any other error is the code's own.
_OWNER = "let yourself use it, or run this as the user who may"
_ROOM = "make room there, and run it again"
_OF_FILES = {
    errno.EACCES: _OWNER,
    errno.EPERM: _OWNER,
    errno.EROFS: "make it writable, or choose another place",
    errno.ENOTDIR: "choose a place that is in a folder",
    errno.EISDIR: "move the folder away: a file belongs there",
    errno.EEXIST: "move the file away: a folder belongs there",
    errno.ELOOP: "replace the link by what it should lead to",
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EIO: "see to the disk or the mount",
}


def to_cosmic_error(error: BaseException) -> CosmicError:
    """Any exception as one of the tree: what was not foreseen must still be told in a line."""
    if isinstance(error, CosmicError):
        return error
    if isinstance(error, KeyboardInterrupt):
        return Interrupted("Interrupted", todo="run the same command again")
    if isinstance(error, OSError) and isinstance(error.filename, str) and error.errno in _OF_FILES:
        refused = CosmicError(
            f"A file or folder cannot be used: {os.strerror(error.errno)}",
            where=error.filename,
            todo=_OF_FILES[error.errno],
        )
        return refused.with_traceback(error.__traceback__)
    told = CosmicError(
        f"Unexpected {type(error).__name__}: {error}",
        todo="run it again with --verbose and report what it prints",
    )
    return told.with_traceback(error.__traceback__)
