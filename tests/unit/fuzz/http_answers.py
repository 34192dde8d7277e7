"""Send a raw HTTP request, and check the answer."""

from __future__ import annotations

import math
import select
import socket
import time
from collections.abc import Callable
from contextlib import suppress

from tests.unit.fuzz.damage import LIMIT_SECONDS
from tests.unit.fuzz.http_requests import RawRequest

Address = tuple[str, int]
# If a request may be unfinished, its client hangs up after this time without an answer.
IMPATIENT_SECONDS = 0.3
# While database and cache work, neither nginx nor the application may answer with these statuses.
FORBIDDEN = frozenset({500, 502, 503, 504})


def require_answer(number: int, address: Address, request: RawRequest) -> int | None:
    """Send a request; return the status of its answer, None if the server closed the connection.

    Raises `AssertionError` if the answer takes over `LIMIT_SECONDS` of wall time, if its status is
    forbidden, or if a complete request gets no answer.
    """
    subject = f"request {number} to {address[1]}: {request.data[:300]!r}"
    try:
        status = _exchange(address, request)
    except TimeoutError:
        raise AssertionError(f"no answer within {LIMIT_SECONDS:g} s; {subject}") from None
    assert status not in FORBIDDEN, f"{status}; {subject}"
    assert status is not None or not request.is_whole, f"no answer; {subject}"
    return status


def _exchange(address: Address, request: RawRequest) -> int | None:
    with socket.create_connection(address, timeout=LIMIT_SECONDS) as connection:
        with suppress(ConnectionError):  # the server may refuse the request before it is complete
            connection.sendall(request.data)
        try:
            return _status(_Receiver(connection, may_be_unfinished=not request.is_whole))
        except ConnectionError:
            return None


class _Receiver:
    """Receives for at most `LIMIT_SECONDS`; after an unfinished request, it ends its side early."""

    def __init__(self, connection: socket.socket, *, may_be_unfinished: bool) -> None:
        self._connection, now = connection, time.monotonic()
        self._end = now + LIMIT_SECONDS
        # Even after an interim answer, such as 100, the server waits for the rest of the request.
        self._hangs_up = now + IMPATIENT_SECONDS if may_be_unfinished else math.inf

    def __call__(self) -> bytes:
        """Return the bytes that have arrived, b"" at the end of the stream.

        Raises `ConnectionError` and `TimeoutError`.
        """
        while not self._is_readable(min(self._end, self._hangs_up)):
            if self._hangs_up > self._end:
                raise TimeoutError
            self._hangs_up = math.inf
            with suppress(OSError):  # the server has closed the connection
                self._connection.shutdown(socket.SHUT_WR)
        return self._connection.recv(65536)

    def _is_readable(self, until: float) -> bool:
        poll = select.poll()
        poll.register(self._connection, select.POLLIN)
        return bool(poll.poll(max(0.0, until - time.monotonic()) * 1000))


def _status(receive: Callable[[], bytes]) -> int | None:
    """Return the first final status, None if the stream ends without one."""
    text = b""
    while data := receive():
        text += data
        while text[:9].startswith(b"HTTP/1.") and b"\r\n\r\n" in text:
            status = int(text[9:12])
            if status >= 200:
                return status
            text = text.partition(b"\r\n\r\n")[2]
    return None
