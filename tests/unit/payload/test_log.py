"""The payload's log: format, file and stream."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from cosmic_app.log import LogFormatter, configure_logging, indented

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def root_logger() -> Iterator[None]:
    """Restore the root logger after each test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def record(level: int = logging.INFO, **extra: object) -> logging.LogRecord:
    log_record = logging.LogRecord("x", level, "f", 1, "Device status transition", (), None)
    log_record.created = 0.0
    log_record.__dict__.update(extra)
    return log_record


def test_the_context_follows_as_indented_json() -> None:
    line = LogFormatter().format(record(context={"device_id": 123, "device_name": "KIOSK-01"}))
    assert line == (
        "[1970-01-01 00:00:00] Device status transition {\n"
        '  "device_id": 123,\n'
        '  "device_name": "KIOSK-01"\n'
        "}"
    )


def test_the_level_is_shown_for_warnings_and_above() -> None:
    line = LogFormatter().format(record(logging.WARNING))
    assert line == "[1970-01-01 00:00:00] WARNING: Device status transition"


def test_a_record_goes_to_the_file_and_to_the_stream(tmp_path: Path) -> None:
    stream = io.StringIO()
    configure_logging(tmp_path / "laravel.log", stream)
    logging.getLogger("any").info("hello")
    assert "hello" in stream.getvalue()
    assert "hello" in (tmp_path / "laravel.log").read_text()


def test_without_a_writable_file_the_stream_gets_a_warning_and_all_records(tmp_path: Path) -> None:
    stream = io.StringIO()
    configure_logging(tmp_path / "missing" / "laravel.log", stream)
    logging.getLogger("any").info("hello")
    assert "WARNING: Cannot open the log file" in stream.getvalue()
    assert "hello" in stream.getvalue()


def test_a_record_of_several_transitions_reads_as_one_record_for_each() -> None:
    contexts = [{"device_id": number, "device_name": "Küche"} for number in (1, 2)]
    texts = [LogFormatter().format(record(context=context)) for context in contexts]
    assert LogFormatter().format(record(contexts=contexts)) == "\n".join(texts)


@pytest.mark.parametrize(
    "content",
    [
        {"device_id": 7, "name": 'a "b" \\ \n ü', "share": 0.5, "known": True, "none": None},
        {"text": "\ud800", "infinite": float("inf"), "nan": float("nan")},
        {"nested": {"list": [1, {"a": []}]}, "x": "y"},
    ],
)
def test_the_context_is_written_as_json_does_with_an_indent(content: dict[str, object]) -> None:
    assert indented(content) == json.dumps(content, indent=2, ensure_ascii=False)
