from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from cosmic_app.log import LogFormatter, configure_logging

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def root_logger() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def record(level: int = logging.INFO, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("x", level, "f", 1, "Device status transition", (), None)
    made.created = 0.0
    made.__dict__.update(extra)
    return made


def test_the_context_follows_as_indented_json() -> None:
    said = LogFormatter().format(record(context={"device_id": 123, "device_name": "KIOSK-01"}))
    assert said == (
        "[1970-01-01 00:00:00] Device status transition {\n"
        '  "device_id": 123,\n'
        '  "device_name": "KIOSK-01"\n'
        "}"
    )


def test_the_level_is_said_from_warning_on() -> None:
    said = LogFormatter().format(record(logging.WARNING))
    assert said == "[1970-01-01 00:00:00] WARNING: Device status transition"


def test_a_record_goes_to_the_file_and_to_the_stream(tmp_path: Path) -> None:
    stream = io.StringIO()
    configure_logging(tmp_path / "laravel.log", stream)
    logging.getLogger("any").info("hello")
    assert "hello" in stream.getvalue()
    assert "hello" in (tmp_path / "laravel.log").read_text()


def test_a_file_that_cannot_be_written_is_said_and_does_no_harm(tmp_path: Path) -> None:
    stream = io.StringIO()
    configure_logging(tmp_path / "missing" / "laravel.log", stream)
    logging.getLogger("any").info("hello")
    assert "WARNING: No log file" in stream.getvalue()
    assert "hello" in stream.getvalue()
