"""Standard output and error that drop what cannot be written, such as to a full disk.

A run must not stop half-way because its output goes to a full disk.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Any, TextIO

from cosmicdeploy.errors import ExitCode


class _DroppingFile(io.FileIO):
    """A file that drops what it cannot write. `reason` says why; "" if nothing was dropped.

    Writing to a pipe without a reader raises an error, which the console and `logs --follow`
    handle. Once `has_reader` is False, such output is dropped too.
    """

    reason = ""
    has_reader = True

    def write(self, data: Any) -> int:
        try:
            return super().write(data) if self.has_reader else len(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            self.reason = os.strerror(error.errno or 0)
            return len(data)


class OutputStreams:
    """The standard streams of this process, replaced by streams that drop what they cannot write.

    A character that the terminal cannot encode is written as an escape. Output to a closed stream
    (`>&-`) is dropped too.
    """

    def __init__(self) -> None:
        self._stdout = _DroppingFile(_descriptor(sys.stdout), "w", closefd=False)
        stderr = _DroppingFile(_descriptor(sys.stderr), "w", closefd=False)
        sys.stdout = _text(self._stdout, sys.stdout)
        sys.stderr = _text(stderr, sys.stderr)

    def exit_code(self, code: int) -> int:
        """Write the buffered output, and return the exit code of the process.

        That is `code`. If standard output could not be written, reports that, and returns 1 instead
        of 0; a closed pipe is no such error, as in `logs | head`.
        """
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            self._stdout.has_reader = False  # else the interpreter's own flush at exit would fail
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
