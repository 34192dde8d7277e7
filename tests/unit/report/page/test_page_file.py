"""A page replaces only such a page."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cosmicdeploy.errors import UsageError
from cosmicdeploy.report.page.document import MARK
from cosmicdeploy.report.page.page_file import KEPT, keep_page, write_page

pytestmark = pytest.mark.unit
PAGE = f"<!doctype html>\n{MARK}\n<html></html>\n"


def test_a_page_is_written_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "run.html"
    write_page(path, PAGE)
    write_page(path, PAGE + "more")
    assert path.read_text() == PAGE + "more"
    link = tmp_path / "link.html"
    link.symlink_to(path)
    write_page(link, PAGE)
    assert link.is_symlink() and path.read_text() == PAGE


def test_an_empty_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "run.html"
    path.touch()
    write_page(path, PAGE)
    assert path.read_text() == PAGE


@pytest.mark.parametrize("content", [b"my thesis", b"<!doctype html>\n<html>", b"\0\xff"])
def test_another_file_is_not_overwritten(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "thesis.html"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="not overwritten"):
        write_page(path, PAGE)
    assert path.read_bytes() == content


def test_a_path_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    for path in (tmp_path, tmp_path / "missing" / "run.html", loop, tmp_path / ("x" * 300)):
        with pytest.raises(UsageError, match="Cannot write the page") as error:
            write_page(path, PAGE)
        assert error.value.where == str(path) and error.value.todo


def test_a_device_is_written_to(tmp_path: Path) -> None:
    write_page(Path(os.devnull), PAGE)
    assert not Path(os.devnull).is_file()


def test_the_newest_pages_are_kept(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "pages"
    for number in range(KEPT + 3):
        path = keep_page(folder, f"run{number}", PAGE)
        os.utime(path, (number, number))
    names = {path.name for path in folder.iterdir()}
    assert len(names) == KEPT and "run0.html" not in names and f"run{KEPT + 2}.html" in names
    assert folder.stat().st_mode & 0o077 == 0 == path.stat().st_mode & 0o077


def test_processes_that_write_a_page_wait_for_each_other(tmp_path: Path) -> None:
    def keep(number: int) -> Path:
        return keep_page(tmp_path / "pages", f"run{number % 2}", PAGE)

    with ThreadPoolExecutor(8) as pool:
        paths = set(pool.map(keep, range(60)))
    assert len(paths) == 2 and all(path.read_text() == PAGE for path in paths)


def test_a_pipe_is_not_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_page(pipe, PAGE)
    assert os.read(reader, 1000).decode() == PAGE
    os.close(reader)


@pytest.mark.parametrize("run", ["../../etc/passwd", "", "\0", "a/b"])
def test_a_damaged_id_leads_to_no_other_folder(tmp_path: Path, run: str) -> None:
    assert keep_page(tmp_path / "pages", run, PAGE).parent == tmp_path / "pages"
