"""Write the page of a run to a file, and overwrite no file that is not such a page."""

from __future__ import annotations

from pathlib import Path

from cosmicdeploy.errors import UsageError
from cosmicdeploy.files.atomic import PRIVATE, write_atomically
from cosmicdeploy.report.page.document import MARK

# Permissions of a file that an operator names; the umask removes some of them.
FILE_MODE = 0o666
# The pages beside the journal: so many are kept, the newest.
KEPT = 20
# The mark is within so many bytes.
HEAD_BYTES = 200


def write_page(path: Path, text: str) -> None:
    """Write a page to a file that an operator has named, atomically.

    A device or a pipe, such as /dev/stdout, is written to: it must not be replaced. Raises
    `UsageError` if the path cannot be written, or is a file that is not such a page.
    """
    try:
        path = path.resolve() if path.is_symlink() else path
        if path.exists() and not path.is_file() and not path.is_dir():
            path.write_text(text, encoding="utf-8")
            return
        _require_replaceable(path)
        write_atomically(path, text, mode=FILE_MODE)
    except (OSError, RuntimeError) as error:  # RuntimeError: a link that points to itself
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageError(
            f"Cannot write the page: {why}",
            where=str(path),
            todo="name a file that you may write, in an existing folder",
        ) from error


def _require_replaceable(path: Path) -> None:
    """Raise `UsageError` if the path is a folder, or a file that is not such a page."""
    if path.is_dir() or not path.parent.is_dir():
        raise UsageError(
            "Cannot write the page",
            where=str(path),
            todo="name a file in an existing folder",
        )
    if not path.exists():
        return
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if head and MARK.encode() not in head:
        raise UsageError(
            "The file exists and is no page of a run, so it is not overwritten",
            where=str(path),
            todo="name another file, or remove this one",
        )


def keep_page(folder: Path, run: str, text: str) -> Path:
    """Write the page of a run into the deployer's folder for pages, and return its path.

    Removes all but the newest `KEPT` pages there. Raises `OSError`.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{_file_name(run)}.html"
    write_atomically(path, text, mode=PRIVATE)
    pages = [each for each in folder.glob("*.html") if each.is_file()]
    for old in sorted(pages, key=lambda each: each.stat().st_mtime)[:-KEPT]:
        old.unlink(missing_ok=True)
    return path


def _file_name(run: str) -> str:
    """Return a run's id as the name of a file; a damaged journal may have any text as an id."""
    return "".join(each for each in run if each.isascii() and each.isalnum())[:64] or "run"
