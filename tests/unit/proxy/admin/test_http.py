"""An HTTP interface is asked from this machine, or by a program in the container."""

from __future__ import annotations

import http.server
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import ExecResult
from cosmicdeploy.errors import EngineError, EngineUnavailable
from cosmicdeploy.proxy.admin import http as module
from cosmicdeploy.proxy.admin.scripts import HTTP, NO_PROGRAM
from cosmicdeploy.traffic.response import Response
from tests.unit.proxy.engine import container

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Serve the requested path on localhost; 404 for /missing."""

    class Paths(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.path.encode()
            self.send_response(404 if self.path == "/missing" else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Paths)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("program", ["curl", "wget", "perl", "python3"])
def test_any_of_these_programs_gets_the_body(tmp_path: Path, port: int, program: str) -> None:
    found = sys.executable if program == "python3" else shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not on this machine")
    real = Path(found).resolve()
    (tmp_path / program).write_text(f'#!/bin/sh\nexec {real} "$@"\n')
    (tmp_path / program).chmod(0o755)

    def ask(path: str) -> subprocess.CompletedProcess[bytes]:
        argv = ["/bin/sh", "-c", HTTP, "sh", "127.0.0.1", str(port), path]
        return subprocess.run(argv, check=False, capture_output=True, env={"PATH": str(tmp_path)})

    assert (ask("/api?a=1").returncode, ask("/api?a=1").stdout) == (0, b"/api?a=1")
    assert ask("/missing").returncode != 0


def test_an_image_without_any_of_them_says_so(tmp_path: Path) -> None:
    argv = ["/bin/sh", "-c", HTTP, "sh", "127.0.0.1", "1", "/"]
    done = subprocess.run(argv, check=False, env={"PATH": str(tmp_path)})
    assert done.returncode == NO_PROGRAM


class Answers:
    """An engine in whose container a command answers, or raises."""

    def __init__(self, answer: Any) -> None:
        self.answer, self.commands = answer, list[Sequence[str]]()

    def exec(self, _id: str, argv: Sequence[str], **_: object) -> ExecResult:
        self.commands.append(argv)
        if isinstance(self.answer, Exception):
            raise self.answer
        return ExecResult(exit_code=0, stdout=self.answer)


def asked(
    ctx: Context, engine: Answers, host: str, monkeypatch: pytest.MonkeyPatch, error: str = ""
) -> tuple[str | None, list[str]]:
    """Return the answer, and the URLs that were requested from this machine."""
    urls: list[str] = []

    def send(url: str) -> Response:
        urls.append(url)
        return Response(url=url, status=0 if error else 200, body="direct", error=error)

    monkeypatch.setattr(module, "send_request", send)
    any_engine: Any = engine
    own = replace(ctx, engine=any_engine)
    proxy = container("proxy", "172.20.0.9")
    return module.get(own, proxy, host, 8080, "/x"), urls


def test_an_interface_on_all_addresses_is_asked_from_here(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = asked(ctx, Answers(b"inner"), "", monkeypatch)
    assert found == ("direct", ["http://172.20.0.9:8080/x"])


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_one_on_localhost_is_asked_inside(
    ctx: Context, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    engine = Answers(b"inner")
    assert asked(ctx, engine, host, monkeypatch) == ("inner", [])
    assert engine.commands[-1][-3] == ("127.0.0.1" if host == "localhost" else host)


def test_a_port_that_cannot_be_reached_is_tried_once(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Answers(b"inner")
    assert asked(ctx, engine, "0.0.0.0", monkeypatch, "timed out")[0] == "inner"  # noqa: S104
    assert asked(ctx, engine, "0.0.0.0", monkeypatch, "timed out") == ("inner", [])  # noqa: S104
    assert engine.commands[-1][-3] == "127.0.0.1"


def test_an_image_without_a_shell_has_no_answer(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert asked(ctx, Answers(EngineError("no sh")), "localhost", monkeypatch)[0] is None
    with pytest.raises(EngineUnavailable):
        asked(ctx, Answers(EngineUnavailable("gone")), "localhost", monkeypatch)
