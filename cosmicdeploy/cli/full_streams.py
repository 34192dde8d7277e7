"""Standard output and error that drop what cannot be written, such as to a full disk.

A run whose output goes to a full disk must not stop half-way for it.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from contextlib import suppress
from typing import Any, TextIO

from cosmicdeploy.errors import ExitCode

# A closed pipe is not among them: the console and `logs --follow` handle it.
UNWRITABLE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG})


class _DroppingFile(io.FileIO):
    """A file that drops what it cannot write. `reason` says why; "" if nothing was dropped."""

    reason = ""

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except OSError as error:
            if error.errno not in UNWRITABLE:
                raise
            self.reason = os.strerror(error.errno)
            return len(data)


class OutputStreams:
    """The standard streams of this process, replaced by streams that drop what they cannot write.

    A character that the terminal cannot encode is written as an escape. What is written to a closed
    stream (`>&-`) is dropped, too.
    """

    def __init__(self) -> None:
        self._stdout = _DroppingFile(_descriptor(sys.stdout), "w", closefd=False)
        stderr = _DroppingFile(_descriptor(sys.stderr), "w", closefd=False)
        sys.stdout = _text(self._stdout, sys.stdout)
        sys.stderr = _text(stderr, sys.stderr)

    def exit_code(self, code: int) -> int:
        """Write what is left; return 1 instead of 0, with a line on stderr, if output was lost."""
        with suppress(BrokenPipeError):
            sys.stdout.flush()
        if not self._stdout.reason:
            return code
        print(
            f"error: Standard output could not be written: {self._stdout.reason}", file=sys.stderr
        )
        return code or int(ExitCode.FAILED)


def _descriptor(stream: TextIO | None) -> int:
    """Return a stream's descriptor; for a closed stream, which Python sets to None, /dev/null's."""
    return os.open(os.devnull, os.O_WRONLY) if stream is None else stream.fileno()


def _text(file: _DroppingFile, former: TextIO | None) -> io.TextIOWrapper:
    return io.TextIOWrapper(
        io.BufferedWriter(file),
        encoding=former.encoding if former else "utf-8",
        errors="backslashreplace",
        line_buffering=bool(former and former.line_buffering),
    )
