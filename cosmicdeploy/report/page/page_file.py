"""Write the page of a run to a file; overwrite no file that is not such a page."""

from __future__ import annotations

from pathlib import Path

from cosmicdeploy.errors import UsageError
from cosmicdeploy.files.atomic import PRIVATE, folder_lock, write_atomically
from cosmicdeploy.files.named_file import require_writable, usable, write_named_file
from cosmicdeploy.report.page.document import MARK

# What errors call the file.
NAME = "the page"
# How many pages are kept beside the journal: the newest.
KEPT = 20
# The mark of a page is within this many bytes from its beginning.
HEAD_BYTES = 200


def write_page(path: Path, text: str) -> None:
    """Write a page to a file that the operator has named.

    Raises `UsageError` if the path cannot be written, or is a file that is neither empty nor a
    page.
    """
    require_writable(path, NAME)
    _require_no_other_file(path)
    write_named_file(path, text, NAME)


def _require_no_other_file(path: Path) -> None:
    with usable(path, NAME):
        if not path.is_file():  # a pipe would wait for a writer
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
    """Write the page of a run into `folder`, the deployer's own for pages; return the file's path.

    `run` is the run's id. Removes all but the newest `KEPT` pages in the folder. Waits while
    another process writes a page there, which may be of the same run. Raises `OSError`.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{_file_name(run)}.html"
    with folder_lock(folder):
        write_atomically(path, text, mode=PRIVATE)
        pages = [each for each in folder.glob("*.html") if each.is_file()]
        for old in sorted(pages, key=lambda each: each.stat().st_mtime)[:-KEPT]:
            old.unlink(missing_ok=True)
    return path


def _file_name(run: str) -> str:
    """Return a run's id as a safe name for a file: in a damaged journal, an id may be any text."""
    return "".join(each for each in run if each.isascii() and each.isalnum())[:64] or "run"
