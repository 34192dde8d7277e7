"""Waiting for a container to end: a container that runs too long differs from a lost engine."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from docker import APIClient

from cosmicdeploy.engine.commands.oneoff import run_to_end
from cosmicdeploy.engine.connection import translated
from cosmicdeploy.engine.docker_engine.containers import DockerContainers
from cosmicdeploy.errors import EngineError, EngineUnavailable

pytestmark = pytest.mark.unit

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
ENDED = HEAD + b'10\r\n{"StatusCode":3}\r\n0\r\n\r\n'
ClientOf = Callable[[bytes, bool], APIClient]


@pytest.fixture
def client_of(tmp_path: Path) -> Iterator[ClientOf]:
    """Return a function that returns a client of an engine that answers each request so.

    The engine sends the answer, then closes the connection or sends nothing more.
    """
    over, opened = threading.Event(), list[socket.socket]()

    def of(answer: bytes, closes: bool) -> APIClient:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(tmp_path / "engine.sock"))
        listener.listen()
        opened.append(listener)

        def serve() -> None:
            with suppress(OSError):
                while not over.is_set():
                    connection, _ = listener.accept()
                    opened.append(connection)
                    connection.recv(65_536)
                    connection.sendall(answer)
                    if closes:
                        connection.shutdown(socket.SHUT_RDWR)

        threading.Thread(target=serve, daemon=True).start()
        return APIClient(base_url=f"unix://{tmp_path}/engine.sock", version="1.41")

    yield of
    over.set()
    for each in opened:
        each.close()


def run(client: APIClient, seconds: float = 1) -> Any:
    """Run a command in a container that the client waits for; its log has one line."""
    api: Any = SimpleNamespace(
        start=lambda _: None, wait=client.wait, logs=lambda *_, **__: b"at work\n"
    )
    with translated("Running it", "web"):
        return run_to_end(api, "c1", seconds)


def wait(client: APIClient) -> None:
    sdk: Any = SimpleNamespace(api=client)
    DockerContainers(sdk).wait_until_ended("c1", 1)


def test_a_command_that_ends_has_its_exit_code(client_of: ClientOf) -> None:
    assert run(client_of(ENDED, True)).exit_code == 3


def test_a_limit_may_be_a_fraction_of_a_second(client_of: ClientOf) -> None:
    assert run(client_of(ENDED, True), 0.3).exit_code == 3


@pytest.mark.parametrize("begun", [HEAD, b""], ids=["after the headers", "before them"])
def test_a_command_that_runs_too_long_is_an_error_with_its_last_lines(
    client_of: ClientOf, begun: bytes
) -> None:
    with pytest.raises(EngineError, match="did not end within 1 s, and was killed") as caught:
        run(client_of(begun, False))
    assert list(caught.value.details) == ["at work"]


@pytest.mark.parametrize("begun", [HEAD, b""], ids=["after the headers", "before them"])
def test_a_container_that_runs_too_long_is_an_error(client_of: ClientOf, begun: bytes) -> None:
    with pytest.raises(EngineError, match="did not end within 1 s") as caught:
        wait(client_of(begun, False))
    assert not isinstance(caught.value, EngineUnavailable)


@pytest.mark.parametrize("begun", [HEAD, b""], ids=["after the headers", "before them"])
@pytest.mark.parametrize("call", [run, wait])
def test_a_lost_engine_is_not_called_a_command_that_runs_too_long(
    client_of: ClientOf, begun: bytes, call: Callable[[APIClient], Any]
) -> None:
    with pytest.raises(EngineUnavailable, match="went away"):
        call(client_of(begun, True))
