"""Write a file that the operator has named on the command line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cosmicdeploy.errors import UsageError
from cosmicdeploy.files.atomic import write_atomically

# Permissions for all users; the umask removes some of them.
FILE_MODE = 0o666


def require_writable(path: Path, name: str) -> None:
    """Raise `UsageError` if the path is a folder, or if its parent folder does not exist.

    `name` says which file it is, such as "the page". The caller checks the path before the work
    whose result the file gets, so that the work is not lost.
    """
    with usable(path, name):
        is_writable = not path.is_dir() and path.parent.is_dir()
    if not is_writable:
        raise UsageError(
            f"Cannot write {name}", where=str(path), todo="name a file in an existing folder"
        )


def write_named_file(path: Path, text: str, name: str) -> None:
    """Write a file, atomically. Raises `UsageError` if that fails.

    A link, a device or a pipe, such as /dev/stdout, must not be replaced, so the text is written to
    it directly.
    """
    with usable(path, name):
        if path.is_symlink() or (path.exists() and not path.is_file()):
            path.write_text(text, encoding="utf-8")
        else:
            write_atomically(path, text, mode=FILE_MODE)


@contextmanager
def usable(path: Path, name: str) -> Iterator[None]:
    """Turn an error of the operating system about the path into a `UsageError`."""
    try:
        yield
    except OSError as error:
        raise UsageError(
            f"Cannot write {name}: {error.strerror}",
            where=str(path),
            todo="name a file that you may write",
        ) from error
