"""Logs in files of a container: reading the end of a file, and following it."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.engine.facts import Container, Streams
from cosmicdeploy.errors import EngineError
from cosmicdeploy.operations.logs.files import WINDOW, Files, lines_after, timed


@pytest.mark.parametrize(
    ("lines", "shown", "expected"),
    [
        (["a", "b", "c"], ["a", "b"], ["c"]),
        (["a", "b", "a", "b", "d"], ["a", "b"], ["d"]),
        (["x", "y"], ["a", "b"], ["x", "y"]),
        (["a"], ["a", "b"], ["a"]),
        (["a", "b"], [], ["a", "b"]),
        ([], ["a"], []),
        (["a", "b"], ["a", "b"], []),
    ],
)
def test_only_lines_after_those_already_shown_are_returned(
    lines: list[str], shown: list[str], expected: list[str]
) -> None:
    assert list(lines_after(lines, shown)) == expected


def test_each_line_of_a_file_has_the_time_of_its_message() -> None:
    lines = [
        "[2026-02-02 18:30:00] one {",
        "}",
        "[2026-02-02T18:30:01.5+00:00] two",
        "[x] three",
        "[2026-99-02 18:30:00] four",
    ]
    found = [line.at for line in timed(lines)]
    first = 1770057000 * 10**9
    assert found == [first, first, first + 15 * 10**8, first + 15 * 10**8, first + 15 * 10**8]


class FakeFile:
    """An engine whose script prints these chunks."""

    def __init__(self, *chunks: bytes) -> None:
        self.chunks = chunks

    def exec(self, _id: str, _argv: list[str]) -> Any:
        return SimpleNamespace(exit_code=0, stdout=b"one\ntwo\n")

    def exec_interactive(self, _id: str, _argv: list[str], streams: Streams) -> int:
        for chunk in self.chunks:
            streams.out(chunk)
        return 0


CONTAINER = Container(
    id="1", name="app", service="app", project="p", image_id="i", status="running"
)


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_a_file_is_followed_with_chunks_of_any_size(size: int) -> None:
    output = b"14\none\ntwo\nthree\nfour\nfi"
    chunks = [output[start : start + size] for start in range(0, len(output), size)]
    source, found = Files(FakeFile(*chunks), "/log", 100), list[str]()  # type: ignore[arg-type]
    assert [line.text for line in source.past(CONTAINER)] == ["one", "two"]
    source.follow(CONTAINER, lambda line: found.append(line.text), threading.Event())
    assert found == ["three", "four"]


def test_with_a_tail_of_0_only_new_lines_of_a_file_are_read() -> None:
    source, found = Files(FakeFile(b"8\none\ntwo\n", b"new\n"), "/log", 0), list[str]()  # type: ignore[arg-type]
    source.follow(CONTAINER, lambda line: found.append(line.text), threading.Event())
    assert found == ["new"]


def test_only_the_end_of_a_large_file_is_read() -> None:
    end = b"two\nthree\n".rjust(WINDOW, b"x")
    source, found = Files(FakeFile(b"9999999\n" + end, b"four\n"), "/log", 9), list[str]()  # type: ignore[arg-type]
    source._returned.append("two")
    source.follow(CONTAINER, lambda line: found.append(line.text), threading.Event())
    # The window begins within a line, so its "two" is not recognized as the line already shown.
    assert found[-2:] == ["three", "four"]


def test_a_container_that_ends_before_its_file_can_be_followed_is_an_error() -> None:
    engine: Any = FakeFile(
        b"OCI runtime exec failed: exec failed: container not running: unknown\r\n"
    )
    container: Any = SimpleNamespace(id="c", name="app")
    with pytest.raises(EngineError, match="cannot be followed") as caught:
        Files(engine, "/log", 0).follow(container, lambda _: None, threading.Event())
    assert "OCI runtime exec failed" in caught.value.details[0]


def test_a_file_that_cannot_be_read_is_named_with_a_command_that_looks_for_it() -> None:
    missing = SimpleNamespace(exit_code=1, stdout=b"", error_text="tail: cannot open\n")
    engine: Any = SimpleNamespace(exec=lambda *_: missing)
    with pytest.raises(EngineError, match="log file cannot be read") as caught:
        list(Files(engine, "/my logs/a", 10).past(CONTAINER))
    assert "`cosmicdeploy exec app ls -l '/my logs/a'`" in caught.value.todo
    assert caught.value.details == ("tail: cannot open",)
