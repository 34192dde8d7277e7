"""Requests over FastCGI, to a server that answers as php-fpm does."""

from __future__ import annotations

import socket

import pytest

from cosmicdeploy.probes.http import send_request
from tests.unit.fastcgi_server import Asked, php, serving_fastcgi
from tests.unit.servers import serving

pytestmark = pytest.mark.unit


def test_the_front_controller_gets_the_path_that_clients_request() -> None:
    with serving_fastcgi(php("7")) as served:
        response = send_request(f"{served.url}/srv/index.php/health?full=1")
    assert (response.status, response.body, response.error) == (200, "/health", "")
    assert response.headers["x-release"] == "7"
    [asked] = served.requests
    expected = {
        "SCRIPT_FILENAME": "/srv/index.php",
        "SCRIPT_NAME": "/index.php",
        "DOCUMENT_ROOT": "/srv",
        "REQUEST_URI": "/health?full=1",
        "QUERY_STRING": "full=1",
        "REQUEST_METHOD": "GET",
    }
    assert {name: asked.variables.get(name) for name in expected} == expected


def test_a_path_without_a_script_is_that_of_php_fpm_itself() -> None:
    with serving_fastcgi(php()) as served:
        assert send_request(f"{served.url}/ping").body == "pong"
        unknown = send_request(f"{served.url}/status")
    assert "404" in str(unknown) and "Primary script unknown" in str(unknown)
    assert served.requests[0].variables["SCRIPT_FILENAME"] == "/ping"


def test_a_heartbeat_is_posted_with_its_token_and_body() -> None:
    with serving_fastcgi(lambda _asked: (b"\r\n{}", b"")) as served:
        body = {"text": "x" * 100_000}
        response = send_request(f"{served.url}/srv/index.php/beat", token="t" * 200, json=body)
    assert (response.status, response.body) == (200, "{}")
    [asked] = served.requests
    assert asked.variables["HTTP_AUTHORIZATION"] == f"Bearer {'t' * 200}"
    assert asked.variables["CONTENT_TYPE"] == "application/json"
    assert asked.variables["CONTENT_LENGTH"] == str(len(asked.body)) != "0"
    assert "HTTP_CONTENT_LENGTH" not in asked.variables


@pytest.mark.parametrize(
    ("output", "status", "body"),
    [
        (b"Content-Type: text/html\r\n\r\nwell", 200, "well"),
        (b"Status: 503 Service Unavailable\nRetry-After: 5\n\nlater", 503, "later"),
        (b"Location: /login\r\n\r\n", 302, ""),
        (b"Status: 500\r\nContent-Length: 0\r\n\r\n", 500, ""),
    ],
)
def test_the_output_of_the_application_is_read_as_cgi(
    output: bytes, status: int, body: str
) -> None:
    with serving_fastcgi(lambda _asked: (output, b"")) as served:
        response = send_request(served.url + "/x")
    assert (response.status, response.body) == (status, body)


@pytest.mark.parametrize("output", [b"", b"Status: none\r\n\r\n", b"X: " + b"y" * 70_000])
def test_output_that_is_no_response_is_an_error_or_empty(output: bytes) -> None:
    with serving_fastcgi(lambda _asked: (output, b"")) as served:
        response = send_request(served.url + "/x")
    assert response.error or (response.status, response.body) == (200, "")


def test_an_overloaded_server_is_named() -> None:
    def application(_asked: Asked) -> tuple[bytes, bytes]:
        return b"", b""

    with serving_fastcgi(application, status=2) as served:
        assert "overloaded" in send_request(served.url + "/x").error


def test_each_protocol_on_the_others_port_is_an_error() -> None:
    with serving() as http:
        error = send_request(http.url.replace("http:", "fcgi:") + "/x").error
        assert "does not speak FastCGI" in error
    with serving_fastcgi(php()) as served:
        assert send_request(served.url.replace("fcgi:", "http:") + "/health").error
        assert not served.requests


def test_a_server_that_hangs_up_or_refuses_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"fcgi://127.0.0.1:{listening.getsockname()[1]}/x"
    assert "refused" in send_request(url).error
