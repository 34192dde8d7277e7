"""An engine that sends nothing for too long is not taken for one that went away."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

import docker
import pytest
import requests
from urllib3.exceptions import ProtocolError

from cosmicdeploy.engine.building.builders.post import post_build
from cosmicdeploy.engine.connection import translated
from cosmicdeploy.engine.docker_engine.containers import DockerContainers
from cosmicdeploy.engine.registry.pull import pull
from cosmicdeploy.errors import EngineError, EngineUnavailable, PullFailed

pytestmark = pytest.mark.unit

SILENCE = 0.2
# What the engine does with a request: nothing at all; send the headers and then nothing, as it does
# for a wait, a pull and a build; or send them and hang up.
SILENT, AFTER_HEADERS, HANGS_UP = "silent", "after the headers", "hangs up"


@contextmanager
def engine(behaviour: str) -> Iterator[docker.DockerClient]:
    """Run a stand-in for an engine, and open a client of it."""
    is_over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            if behaviour != SILENT:
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
            if behaviour != HANGS_UP:
                is_over.wait()
            self.close_connection = True

        do_GET = do_POST

        def log_message(self, *_: object) -> None:
            pass

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        client = docker.DockerClient(
            f"tcp://127.0.0.1:{server.server_address[1]}", version="1.41", timeout=SILENCE
        )
        try:
            yield client
        finally:
            is_over.set()
            client.close()
            server.shutdown()


def wait(client: docker.DockerClient) -> None:
    DockerContainers(client).wait_until_ended("c0ffee", 1)


def pull_image(client: docker.DockerClient) -> None:
    pull(client.api, "127.0.0.1:1/a:1", lambda _: None, silence=SILENCE)


def build(client: docker.DockerClient) -> None:
    with post_build(client.api, iter([b""]), {}, SILENCE) as messages:
        list(messages)


def inspect(client: docker.DockerClient) -> None:
    DockerContainers(client).container("c0ffee")


@pytest.mark.parametrize("behaviour", [SILENT, AFTER_HEADERS])
@pytest.mark.parametrize(
    ("request_of", "kind", "words"),
    [
        (wait, EngineError, r"The container did not end within 1 s .*docker logs --tail 50 c0ffee"),
        (pull_image, PullFailed, "the engine reported no progress"),
        (inspect, EngineError, "the engine sent nothing .*run the same command again"),
    ],
)
def test_a_silent_engine_has_not_gone_away(
    behaviour: str,
    request_of: Callable[[docker.DockerClient], None],
    kind: type[EngineError],
    words: str,
) -> None:
    with engine(behaviour) as client, pytest.raises(kind, match=words) as caught:
        request_of(client)
    assert not isinstance(caught.value, EngineUnavailable)


def test_a_build_without_output_has_a_silent_engine() -> None:
    with engine(AFTER_HEADERS) as client, pytest.raises(EngineError, match="printed nothing"):
        build(client)


@pytest.mark.parametrize("request_of", [wait, pull_image, build, inspect])
def test_an_engine_that_hangs_up_went_away(
    request_of: Callable[[docker.DockerClient], None],
) -> None:
    with engine(HANGS_UP) as client, pytest.raises(EngineUnavailable, match="went away"):
        request_of(client)


def test_a_connection_that_timed_out_is_lost() -> None:
    """The operating system gives up a connection whose other end no longer acknowledges."""
    lost = requests.ConnectionError(ProtocolError("aborted", TimeoutError(110, "timed out")))
    with pytest.raises(EngineUnavailable), translated("Inspecting"):
        raise lost


def test_a_lost_engine_is_reported_with_the_name_as_the_operator_wrote_it() -> None:
    action = "Running Migrate in Shop"
    with pytest.raises(EngineUnavailable) as caught, translated(action):
        raise requests.ConnectionError("gone")
    assert caught.value.what == "The Docker Engine went away while running Migrate in Shop"
