"""The exceptions of this project: every error that an operator sees is a `CosmicError`.

Each error says what went wrong, where, and what to do next. `cli/edge/edge.py` turns it into text
and an exit code.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Sequence
from enum import IntEnum

from cosmicdeploy.text.shorten import PARAGRAPH, cut, screenful


class ExitCode(IntEnum):
    """The exit codes, which scripts may rely on (docs/report.md)."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    NEEDS_PERSON = 3
    LOCKED = 4
    CHECK_FAILED = 5
    INTERRUPTED = 130


class CosmicError(Exception):
    """Base of all errors of this project.

    `what` says in one sentence what went wrong, `where` names the file, service or address, and
    `todo` says what to do next. `details` are further lines, such as the end of a log. Since a tool
    may print megabytes, all four are cut to what fits on a screen.
    """

    exit_code = ExitCode.FAILED

    def __init__(
        self, what: str, *, where: str = "", todo: str = "", details: Sequence[str] = ()
    ) -> None:
        super().__init__(cut(what, PARAGRAPH))
        self.what = cut(what, PARAGRAPH)
        self.where = cut(where, PARAGRAPH)
        self.todo = cut(todo, PARAGRAPH)
        self.details = screenful(details)

    def __str__(self) -> str:
        where = f" ({self.where})" if self.where else ""
        todo = f" → {self.todo}" if self.todo else ""
        return f"{self.what}{where}{todo}"


class UsageError(CosmicError):
    """The command line or the configuration is wrong; nothing was changed."""

    exit_code = ExitCode.USAGE


class ConfigError(UsageError):
    """`cosmicdeploy.yaml`, `.env`, a playbook or the compose file is missing or wrong."""


class NotConfigured(UsageError):
    """The command needs a part that the stack does not have, such as a database."""


class EngineError(CosmicError):
    """The container engine refused a request, failed, or stopped answering."""


class EngineUnavailable(EngineError):
    """No container engine answers at the configured address."""


class CommandSilent(EngineError):
    """A command in a container printed nothing for too long, so the deployer stopped waiting."""


class ConnectionsUnread(EngineError):
    """The connections of a running container cannot be read, on the host or in the container."""


class BuildFailed(EngineError):
    """An image could not be built."""


class PullFailed(EngineError):
    """An image could not be pulled."""


class UnhealthyContainer(EngineError):
    """A container did not become healthy in time, or exited before that."""


class DatabaseError(CosmicError):
    """The database cannot be reached, or a statement failed."""


class DatabaseSilent(DatabaseError):
    """The database accepts connections, but does not answer."""


class BackupError(CosmicError):
    """A backup failed, or does not match its manifest."""


class UnknownBackup(BackupError):
    """There is no backup with the given name."""

    exit_code = ExitCode.USAGE


class ForeignBackup(BackupError):
    """A backup belongs to another stack, so it is neither used nor removed."""

    exit_code = ExitCode.USAGE


class BackupUnreadable(BackupError):
    """A backup's data cannot be read now, so it is unknown whether it is intact."""


class MigrationFailed(CosmicError):
    """The application's migrations failed or did not finish."""


class MissingMigrations(MigrationFailed):
    """Migrations have run of which the image has no file, so it does not know what is pending."""


class ProbeFailed(CosmicError):
    """A probe could not measure what it was meant to, or found something unexpected."""


class Refused(CosmicError):
    """A step cannot succeed, whatever the steps before it change; this ends the plan or the run."""


class Declined(CosmicError):
    """The operator was asked to confirm, and declined."""


class NeedsPerson(CosmicError):
    """An operator has to decide what happens next, for example after a run failed half-way."""

    exit_code = ExitCode.NEEDS_PERSON


class LockHeld(CosmicError):
    """Another run holds the deploy lock of this stack."""

    exit_code = ExitCode.LOCKED


class LockLost(NeedsPerson):
    """The run lost the lock, since it sent no heartbeat for too long; another run may hold it."""


class CheckFailed(CosmicError):
    """A point of the verification failed."""

    exit_code = ExitCode.CHECK_FAILED


class NotProven(CosmicError):
    """A check got no conclusive answer, so it is unknown whether the release works."""

    exit_code = ExitCode.CHECK_FAILED


class Interrupted(CosmicError):
    """The run was stopped by Ctrl-C, SIGTERM or SIGHUP."""

    exit_code = ExitCode.INTERRUPTED


class FirstError:
    """Keeps the first error of several blocks, so that the work continues after a failed block.

        errors = FirstError()
        for container in containers:
            with errors:
                start(container)
        errors.raise_if_any()

    Raises `EngineUnavailable` and `LockLost` immediately: without the engine nothing else can
    succeed, and without the lock nothing else may be changed.
    """

    def __init__(self) -> None:
        self.error: CosmicError | None = None

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        if not isinstance(error, CosmicError) or isinstance(error, EngineUnavailable | LockLost):
            return False
        self.error = self.error or error
        return True

    def raise_if_any(self) -> None:
        if self.error is not None:
            raise self.error


# Error number → what to do. Any `OSError` with another number is a bug in this program.
_MORE_FILES = "raise the limit of open files, such as by `ulimit -n 4096`"
_CHANGE_OWNER = "change its owner or mode, or run the command as a user who may use it"
_FREE_SPACE = "free some space there, then run the command again"
_FILE_ERROR_ADVICE = {
    errno.EACCES: _CHANGE_OWNER,
    errno.EPERM: _CHANGE_OWNER,
    errno.EROFS: "make the file system writable, or choose another path",
    errno.ENOTDIR: "choose a path whose parent is a folder",
    errno.EISDIR: "move the folder away: a file belongs there",
    errno.EEXIST: "move the file away: a folder belongs there",
    errno.EBUSY: "wait until no other process uses it, then run the command again",
    errno.ELOOP: "replace the link by the file or folder that it should point to",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.ENOSPC: _FREE_SPACE,
    errno.EDQUOT: _FREE_SPACE,
    errno.EIO: "check the disk or the mount",
    errno.EMFILE: _MORE_FILES,
    errno.ENFILE: _MORE_FILES,
    errno.ENOMEM: "free memory of this machine, then run the command again",
    errno.EFBIG: "move away the file if it is the wrong one, or raise the limit of a file's size,"
    " such as by `ulimit -f unlimited`",
    errno.ETIMEDOUT: "check the mount and the network; if it is a pipe, start the program that"
    " writes to it; then run the command again",
}
# Errors of the machine. Writing to an open file or opening a connection raises them without a file
# name.
_NAMELESS = frozenset(
    {
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EIO,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOMEM,
        errno.EFBIG,
        errno.ETIMEDOUT,
    }
)


# Python reads such a byte of an argument or a variable as half a surrogate pair.
SURROGATE = re.compile("[\udc80-\udcff]")


def to_cosmic_error(error: BaseException) -> CosmicError:
    """Turn any exception into a `CosmicError`."""
    if isinstance(error, CosmicError):
        return error
    if isinstance(error, KeyboardInterrupt):
        return Interrupted("Interrupted", todo="run the same command again")
    if isinstance(error, UnicodeEncodeError) and SURROGATE.search(error.object):
        return CosmicError(
            "A word or a variable has a byte that is not UTF-8",
            where=cut(error.object, 100),
            todo="correct it on the command line, in the environment or in the file's name",
        ).with_traceback(error.__traceback__)
    if isinstance(error, MemoryError):
        error = OSError(errno.ENOMEM, "")
    if isinstance(error, OSError) and (explained := _explained(error)):
        return explained.with_traceback(error.__traceback__)
    unexpected = CosmicError(
        f"Unexpected {type(error).__name__}: {error}",
        todo="run the command again with --verbose and report what it prints",
    )
    return unexpected.with_traceback(error.__traceback__)


def _explained(error: OSError) -> CosmicError | None:
    """Return what to do about an error of the operating system; None if it is a bug."""
    is_named, number = isinstance(error.filename, str), error.errno or 0
    if number not in (_FILE_ERROR_ADVICE if is_named else _NAMELESS):
        return None
    failure = "A file or folder cannot be used" if is_named else "The machine fails"
    return CosmicError(
        f"{failure}: {os.strerror(number)}",
        where=error.filename if is_named else "",
        todo=_FILE_ERROR_ADVICE[number],
    )
