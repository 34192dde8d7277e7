"""The engine's multiplexed output is split into its streams, or an error if incomplete."""

from __future__ import annotations

import io
import socket
import struct
from collections.abc import Iterator

import pytest

from cosmicdeploy.engine.commands.exec_streams import STDERR, STDOUT, read_frames, send_stdin
from cosmicdeploy.errors import EngineError


def frame(kind: int, data: bytes) -> bytes:
    return struct.pack(">BxxxL", kind, len(data)) + data


def test_standard_output_and_errors_stay_separate() -> None:
    raw = frame(STDOUT, b"one") + frame(STDERR, b"bad") + frame(STDOUT, b"two")
    found = list(read_frames(io.BytesIO(raw)))
    assert found == [(STDOUT, b"one"), (STDERR, b"bad"), (STDOUT, b"two")]


def test_large_frames_are_returned_in_pieces() -> None:
    data = bytes(range(256)) * 1024
    pieces = [chunk for _, chunk in read_frames(io.BytesIO(frame(STDOUT, data)))]
    assert len(pieces) > 1
    assert b"".join(pieces) == data


@pytest.mark.parametrize("cut", [3, 8, 10])
def test_a_stream_that_breaks_off_is_an_error(cut: int) -> None:
    with pytest.raises(EngineError, match="broke off"):
        list(read_frames(io.BytesIO(frame(STDOUT, b"whole")[:cut])))


def test_an_empty_stream_has_no_frames() -> None:
    assert list(read_frames(io.BytesIO(b""))) == []


def test_an_input_that_cannot_be_read_is_reported_and_closed() -> None:
    def chunks() -> Iterator[bytes]:
        yield b"one"
        raise OSError("the disk is broken")

    failures: list[Exception] = []
    own_end, command_end = socket.socketpair()
    with own_end, command_end:
        command_end.settimeout(5)
        send_stdin(own_end, chunks(), failures)
        assert [command_end.recv(10), command_end.recv(10)] == [b"one", b""]
    assert [str(failure) for failure in failures] == ["the disk is broken"]


def test_a_command_that_reads_only_a_part_of_its_input_is_no_failure() -> None:
    failures: list[Exception] = []
    own_end, command_end = socket.socketpair()
    command_end.close()
    with own_end:
        send_stdin(own_end, [b"one", b"two"], failures)
    assert failures == []
