"""Reading a container's log: lines from frames, times, and how far back."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

from cosmicdeploy.engine.commands import log_reader
from cosmicdeploy.engine.commands.exec_streams import STDERR, STDOUT, whole_frames
from cosmicdeploy.engine.commands.log_reader import LogSelection, lines, nanoseconds
from cosmicdeploy.engine.facts import LogLine
from cosmicdeploy.errors import EngineError
from tests.unit.engine.commands.test_streams import frame

FIRST = b"2026-02-02T18:30:00.000000001Z "
SECOND = b"2026-02-02T18:30:00.000000002Z "
AT = 1770057000 * 10**9 + 1


def read(*frames: tuple[int, bytes]) -> list[tuple[int, str, bool]]:
    reader = io.BytesIO(b"".join(frame(kind, data) for kind, data in frames))
    return [(line.at, line.text, line.is_stderr) for line in lines(whole_frames(reader))]


def test_each_line_has_its_time_and_its_stream() -> None:
    found = read(
        (STDOUT, FIRST + b"one\n"), (STDERR, SECOND + b"two \xff\n"), (STDOUT, FIRST + b"\n")
    )
    assert found == [(AT, "one", False), (AT + 1, "two �", True), (AT, "", False)]


def test_the_pieces_of_a_long_line_are_joined() -> None:
    """Even if a line of the other stream came between the pieces."""
    found = read(
        (STDOUT, FIRST + b"begun, "), (STDERR, SECOND + b"bad\n"), (STDOUT, SECOND + b"ended\n")
    )
    assert found == [(AT + 1, "bad", True), (AT, "begun, ended", False)]


def test_a_last_line_without_a_line_feed_is_yielded() -> None:
    assert read((STDOUT, FIRST + b"rest")) == [(AT, "rest", False)]


@pytest.mark.parametrize("cut", [3, 8, 20])
def test_a_stream_that_breaks_off_is_an_error(cut: int) -> None:
    whole = frame(STDOUT, FIRST + b"one\n")
    with pytest.raises(EngineError, match="broke off"):
        list(whole_frames(io.BytesIO(whole[:cut])))


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        ("1970-01-01T00:00:01.000000001Z", 10**9 + 1),
        ("1970-01-01T00:00:01Z", 10**9),
        ("1970-01-01T02:00:01.5+02:00", 15 * 10**8),
    ],
)
def test_times_are_read_to_the_nanosecond(stamp: str, expected: int) -> None:
    assert nanoseconds(stamp) == expected


@pytest.mark.parametrize("stamp", ["", "no time", "2026-13-01T00:00:00Z", "a text of 19 lettersZ"])
def test_a_line_without_a_time_is_an_error(stamp: str) -> None:
    with pytest.raises(EngineError, match="a line without a time"):
        nanoseconds(stamp)


def test_the_engine_is_sent_times_to_the_nanosecond() -> None:
    assert LogSelection(since=AT, tail=5, follow=True).parameters() == {
        "stdout": 1,
        "stderr": 1,
        "timestamps": 1,
        "follow": 1,
        "tail": 5,
        "since": "1770057000.000000001",
    }
    assert LogSelection().parameters()["tail"] == "all"


@pytest.mark.parametrize(
    ("count", "since", "expected"),
    [
        (10_000, 9_990, 2_000),  # the last 1000 lines reach back far enough
        (10_000, 5_000, 16_000),
        (500_000, 10, "all"),
        (500, 10, 2_000),
        (500, 0, "all"),  # the whole log is newer
        (0, 10, 2_000),
    ],
)
def test_a_log_is_read_back_as_far_as_necessary(
    monkeypatch: pytest.MonkeyPatch, count: int, since: int, expected: int | str
) -> None:
    """Line n of the log came in second n."""

    def read(_api: object, _container: str, selection: LogSelection) -> Iterator[LogLine]:
        assert selection.tail is not None, "the search must not read the whole log"
        for at in range(max(1, count - selection.tail + 1), count + 1):
            yield LogLine(at=at * 10**9, text="")

    monkeypatch.setattr(log_reader, "read", read)
    assert log_reader.tail_since(None, "proxy", since) == expected
