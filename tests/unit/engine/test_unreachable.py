"""The error for an unusable engine names the real cause, and what to do."""

from __future__ import annotations

import json
import os
import socket
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from cosmicdeploy.engine.connection import common_api, open_client
from cosmicdeploy.engine.unreachable import without_password
from cosmicdeploy.errors import EngineUnavailable

pytestmark = pytest.mark.unit

# As `GET /version` of Podman 5.4 answers, shortened.
PODMAN = {
    "Platform": {"Name": "linux/amd64/debian-13"},
    "Components": [
        {"Name": "Podman Engine", "Version": "5.4.2", "Details": {"APIVersion": "5.4.2"}},
        {"Name": "Conmon", "Version": "conmon version 2.1.12, commit: unknown"},
    ],
    "Version": "5.4.2",
    "ApiVersion": "1.41",
    "MinAPIVersion": "1.24",
}
DOCKER = {
    "Components": [{"Name": "Engine", "Version": "28.5.2"}],
    "Version": "28.5.2",
    "ApiVersion": "1.51",
    "MinAPIVersion": "1.24",
}


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))


class StandIn(BaseHTTPRequestHandler):
    """A stand-in for an engine: it is none, and says so in its Server header."""

    server_version = "stand-in-of-a-test"
    status, body = 200, b"{}"

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def address_string(self) -> str:
        return "client"  # a Unix socket has no address

    def log_message(self, *_: object) -> None: ...


class UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


class TcpServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True

    def handle_error(self, request: Any, _address: object) -> None:
        """Read what the client still sends: else closing resets the connection, alert and all."""
        with socket.socket(fileno=os.dup(request.fileno())) as raw, suppress(OSError):
            raw.settimeout(2)
            while raw.recv(4096):
                pass


@contextmanager
def answering(server: socketserver.BaseServer, tls: ssl.SSLContext | None = None) -> Iterator[None]:
    if tls is not None:
        assert isinstance(server, TcpServer)
        # Shaken hands by the thread of each request, so that a refusal reaches the client.
        server.socket = tls.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def handler(body: object, status: int = 200) -> type[StandIn]:
    encoded = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return type("Answer", (StandIn,), {"body": encoded, "status": status})


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Any]:
    """Serve an answer at a Unix socket that DOCKER_HOST names."""
    path = tmp_path / "docker.sock"

    @contextmanager
    def serving(body: object, status: int = 200) -> Iterator[str]:
        monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
        path.unlink(missing_ok=True)
        with answering(UnixServer(str(path), handler(body, status))):
            yield f"unix://{path}"

    return serving


def refusal() -> EngineUnavailable:
    with pytest.raises(EngineUnavailable) as caught:
        open_client()
    return caught.value


def test_podman_is_refused_by_name(serve: Callable[..., Any]) -> None:
    with serve(PODMAN) as address:
        error = refusal()
    assert error.what == "Podman 5.4.2 answers, which cosmicdeploy does not support"
    assert error.where == address
    assert "Docker Engine" in error.todo


def test_an_engine_is_asked_in_an_api_that_both_sides_know(serve: Callable[..., Any]) -> None:
    with serve(DOCKER):
        assert open_client().api._version == "1.51"
    with serve(DOCKER | {"ApiVersion": "1.41"}):
        assert open_client().api._version == "1.41"


@pytest.mark.parametrize(
    ("newest", "oldest", "chosen"),
    [
        ("1.41", "1.12", "1.41"),
        ("1.9", "", "1.9"),
        ("1.60", "1.44", "1.51"),
        ("1.60", "1.55", "1.55"),
    ],
)
def test_the_common_api(newest: str, oldest: str, chosen: str) -> None:
    assert common_api(newest, oldest) == chosen


@pytest.mark.parametrize("body", ["<html>hello</html>", "[]", '{"status": "ok"}'])
def test_another_program_at_the_address(serve: Callable[..., Any], body: str) -> None:
    with serve(body):
        error = refusal()
    assert error.what == "What answers is not a Docker Engine"
    assert "check DOCKER_HOST" in error.todo


def test_a_proxy_that_forbids_the_request(serve: Callable[..., Any]) -> None:
    with serve({"message": "forbidden by policy"}, 403):
        assert "forbidden by policy" in refusal().what


def test_a_socket_that_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    error = refusal()
    assert error.what == "No Docker Engine answers: the socket does not exist"
    assert error.where == "unix:///nonexistent/docker.sock"


def test_a_socket_that_an_ended_engine_left(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as ended:
        ended.bind(str(path))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
    assert "has ended" in refusal().what


@pytest.mark.parametrize(
    ("address", "todo"),
    [
        ("/var/run/docker.sock", "unix:///var/run/docker.sock"),
        ("docker.example", "tcp://HOST:PORT"),
        ("tcp://docker.example", "tcp://HOST:PORT"),
        ("tcp://docker.example:port", "tcp://HOST:PORT"),
        ("ftp://docker.example:21", "tcp://HOST:PORT"),
        ("ssh://docker.example/path", "ssh://USER@HOST"),
        ("tcp://docker.example:2376?x=1", "tcp://HOST:PORT"),
    ],
)
def test_an_address_of_no_known_form(
    monkeypatch: pytest.MonkeyPatch, address: str, todo: str
) -> None:
    monkeypatch.setenv("DOCKER_HOST", address)
    error = refusal()
    assert error.what == "DOCKER_HOST is not the address of an engine"
    assert (error.where, todo in error.todo) == (address, True)


def test_a_password_in_an_address_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "ssh://root:hunter2@docker.example")
    error = refusal()
    assert error.where == "ssh://root:***@docker.example"
    assert "hunter2" not in str(error)
    assert without_password("ssh://root@docker.example") == "ssh://root@docker.example"


def test_a_host_that_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://docker.invalid:2375")
    error = refusal()
    assert error.what == "The host docker.invalid of the Docker Engine is unknown"


def test_a_port_where_nothing_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as freed:
        port = freed.getsockname()[1]
    monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{port}")
    assert "refuses the connection" in refusal().what


def test_a_host_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cosmicdeploy.engine.connection.CONNECTS_WITHIN_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{silent.getsockname()[1]}")
        assert refusal().what == "The host 127.0.0.1 does not answer"


def test_ssh_without_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "ssh://root@docker.invalid")
    error = refusal()
    try:
        import paramiko  # noqa: F401
    except ImportError:
        assert error.what == "An engine at ssh:// needs the package paramiko"
        assert "pip install paramiko" in error.todo
    else:
        assert error.what == "The host docker.invalid of the Docker Engine is unknown"


@pytest.mark.parametrize("variable", ["DOCKER_CONTEXT", "currentContext"])
def test_a_context_that_does_not_exist(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    if variable == "DOCKER_CONTEXT":
        monkeypatch.setenv(variable, "gone")
    else:
        (tmp_path / "config.json").write_text('{"currentContext": "gone"}')
    error = refusal()
    assert error.what == "There is no Docker context named 'gone'"
    assert error.where == variable


def sign(folder: Path, subject: str, *options: str) -> None:
    """Make a certificate that signs itself, and its key."""
    request = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1")
    files = ("-keyout", "key.pem", "-out", "cert.pem")
    command = [*request, "-subj", subject, *options, *files]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


class TestTls:
    @pytest.fixture
    def certificates(self, tmp_path: Path) -> Path:
        """A folder with a certificate for 127.0.0.1 that signs itself."""
        folder = tmp_path / "certificates"
        folder.mkdir()
        sign(folder, "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1")
        (folder / "ca.pem").write_bytes((folder / "cert.pem").read_bytes())
        return folder

    @pytest.fixture
    def engine(
        self, certificates: Path, monkeypatch: pytest.MonkeyPatch
    ) -> Iterator[ssl.SSLContext]:
        """A stand-in for an engine with TLS, at the address in DOCKER_HOST."""
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificates / "cert.pem", certificates / "key.pem")
        server = TcpServer(("127.0.0.1", 0), handler(DOCKER))
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{server.server_address[1]}")
        with answering(server, tls):
            yield tls

    @pytest.fixture
    def verified(self, certificates: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
        monkeypatch.setenv("DOCKER_CERT_PATH", str(certificates))
        return certificates

    @pytest.mark.usefixtures("engine", "verified")
    def test_a_correct_configuration_holds_against_the_environment(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bundle = os.environ.get("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt")
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", bundle)
        assert open_client().api._version == "1.51"

    @pytest.mark.usefixtures("engine")
    def test_missing_files(self, verified: Path) -> None:
        (verified / "key.pem").unlink()
        error = refusal()
        assert error.what == f"TLS is on, but {verified} lacks ca.pem, cert.pem or key.pem"

    @pytest.mark.usefixtures("engine")
    def test_an_authority_that_did_not_sign_the_certificate(
        self, verified: Path, tmp_path: Path
    ) -> None:
        other = tmp_path / "other"
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
                *(
                    "-subj",
                    "/CN=other",
                    "-keyout",
                    f"{other}.key",
                    "-out",
                    str(verified / "ca.pem"),
                ),
            ],
            check=True,
            capture_output=True,
        )
        error = refusal()
        assert "certificate is not trusted" in error.what
        assert f"{verified}/ca.pem" in error.todo

    @pytest.mark.usefixtures("verified")
    def test_an_engine_that_wants_another_client(self, engine: ssl.SSLContext) -> None:
        engine.verify_mode = ssl.CERT_REQUIRED
        assert "does not accept this client's certificate" in refusal().what

    @pytest.mark.usefixtures("verified")
    def test_an_engine_without_tls(self, monkeypatch: pytest.MonkeyPatch) -> None:
        server = TcpServer(("127.0.0.1", 0), handler(DOCKER))
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{server.server_address[1]}")
        with answering(server):
            assert refusal().what == "The engine does not answer in TLS"

    def test_a_client_without_tls(self, monkeypatch: pytest.MonkeyPatch) -> None:
        # What Go's server answers, and so the engine.
        answer = "Client sent an HTTP request to an HTTPS server.\n"
        server = TcpServer(("127.0.0.1", 0), handler(answer, 400))
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{server.server_address[1]}")
        with answering(server):
            assert refusal().what == "The engine expects TLS"
