"""A stack of one application that publishes its port: no proxy, no database, no console."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import yaml

from cosmicdeploy.probes.http import send_request
from cosmicdeploy.stack.variables.environment import read_env_file
from tests.stack.support.harness import COMPOSE_FILE, COMPOSE_V2, IMAGES, StackUnderTest

SETTINGS = """\
services: {app: [app]}
app: {port: 8000, health_path: /health, release_variable: RELEASE, release_header: X-Release}
restart: {pause: 0, healthy_within: 3}
watch: {seconds: 0}
"""
SERVER = """\
import http.server, os

RELEASE = os.environ["RELEASE"]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(500 if RELEASE.endswith("bad") else 200)
        self.send_header("X-Release", RELEASE)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


http.server.ThreadingHTTPServer(("", 8000), Handler).serve_forever()
"""


@dataclass(frozen=True)
class OneApp(StackUnderTest):
    """The stack; `release` in its `.env` is what the next deploy builds."""

    @property
    def project(self) -> str:
        return self.folder.name

    def write(self, release: str = "1") -> None:
        """Write the files of the stack; a release whose name ends in "bad" never gets healthy."""
        python = read_env_file(IMAGES)["PYTHON_IMAGE"]
        app = {
            "build": {"context": ".", "args": {"RELEASE": "${RELEASE}"}},
            "ports": ["127.0.0.1::8000"],
        }
        files = {
            COMPOSE_FILE: yaml.safe_dump({"services": {"app": app}}),
            "cosmicdeploy.yaml": SETTINGS,
            ".env": f"RELEASE={release}\nCOMPOSE_PROJECT_NAME={self.project}\n",
            "server.py": SERVER,
            "Dockerfile": f"FROM {python}\nARG RELEASE\nENV RELEASE=$RELEASE\n"
            'COPY server.py /\nCMD ["python3", "/server.py"]\nSTOPSIGNAL SIGKILL\n',
        }
        for name, text in files.items():
            (self.folder / name).write_text(text)

    def app_id(self) -> str:
        """Return the id of the application's container."""
        return self.open().running("app").id

    def answering_release(self) -> str:
        """Return the release that answers at the published port."""
        return str(send_request(self.url() + "/health").headers.get("X-Release"))

    def compose(self, *words: str) -> str:
        """Run Compose v2 in the folder of the stack; return its output."""
        done = subprocess.run(
            [str(COMPOSE_V2), "-f", COMPOSE_FILE, *words],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr


Stack = TypeVar("Stack", bound=OneApp)


@contextmanager
def stack_of_kind(folder: Path, kind: type[Stack]) -> Iterator[Stack]:
    """Lay the stack out in a new folder below `folder`; remove it with its images at the end."""
    stack = kind(folder / f"cosmic-{uuid4().hex[:6]}")
    stack.folder.mkdir()
    stack.write()
    try:
        yield stack
    finally:
        ctx = stack.open()
        ctx.engine.remove_project(ctx.stack.project)
        for image in {each.image for each in ctx.stack.services.values() if each.build}:
            ctx.engine.untag(image)


def one_app(folder: Path) -> AbstractContextManager[OneApp]:
    """Lay out the plain stack; see `stack_of_kind`."""
    return stack_of_kind(folder, OneApp)
