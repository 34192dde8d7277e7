"""The deployer's own streams, connected to a command in a container."""

from __future__ import annotations

import os
import threading

import pytest

from cosmicdeploy.operations.stdio import ReaderGone, _read, _write, has_reader


def test_a_reader_that_closed_its_end_is_noticed() -> None:
    reading, writing = os.pipe()
    assert has_reader(writing)
    _write(writing, b"output")
    assert os.read(reading, 100) == b"output"
    os.close(reading)
    assert not has_reader(writing)
    with pytest.raises(ReaderGone):
        _write(writing, b"x")
    os.close(writing)


def test_input_is_read_to_its_end() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"\x00\xff")
    os.close(writing)
    assert b"".join(_read(reading, threading.Event())) == b"\x00\xff"
    os.close(reading)
    assert list(_read(reading, threading.Event())) == [], "a closed input has ended"


def test_no_input_is_read_once_the_command_has_ended() -> None:
    reading, writing = os.pipe()
    over = threading.Event()
    chunks = _read(reading, over)
    os.write(writing, b"first")
    assert next(chunks) == b"first"
    over.set()
    os.write(writing, b"for the next command")
    assert list(chunks) == []
    assert os.read(reading, 100) == b"for the next command"
