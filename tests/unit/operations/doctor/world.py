"""A stack of files, on an engine whose answers a test changes before it runs a check."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cosmicdeploy.context.context import Context
from cosmicdeploy.context.replicas import resolve_replicas
from cosmicdeploy.engine.facts import Container, ExecResult, Image
from cosmicdeploy.engine.protocol.info import EngineInfo
from cosmicdeploy.stack.model import Service
from cosmicdeploy.workspace import context_on, read_stack_files

COMPOSE = """\
services:
  app-1: &app
    image: shop/app
    build: .
    command: [serve]
    expose: ["8000"]
    healthcheck: {test: ["CMD", "curl", "--fail", "http://127.0.0.1:8000/health"]}
  app-2: *app
  worker: {image: shop/app, build: ., command: [work]}
  db: {image: mariadb}
  front:
    image: nginx:1.22
    ports: ["127.0.0.1:8080:80"]
    volumes: ["./nginx.conf:/etc/nginx/conf.d/default.conf:ro"]
"""
SETTINGS = """\
compose_file: compose.yml
services: {app: [app-1, app-2], worker: [worker], database: db, proxy: front}
app: {port: 8000, health_path: /health}
database: {name: shop}
maintenance: {file: /run/maintenance}
"""
NGINX = """\
upstream app {
    zone app 64k;
    server app-1:8000 max_fails=1 fail_timeout=1s;
    server app-2:8000 max_fails=1 fail_timeout=1s;
}
server {
    location / {
        if (-f /run/maintenance) { return 503; }
        proxy_connect_timeout 100ms;
        proxy_pass http://app;
    }
}
"""
FILES: Mapping[str, str] = {
    "compose.yml": COMPOSE,
    "cosmicdeploy.yaml": SETTINGS,
    "nginx.conf": NGINX,
    ".env": "COMPOSE_PROJECT_NAME=shop\nDB_ROOT_PASSWORD=a-word\n",
    "Dockerfile": "FROM scratch\n",
}
INFO = EngineInfo(version="26.1.5", host="prod", address="http+docker://localhost", root_folder="/")
TERM = 1 << 14
KILLED = 137


@dataclass(frozen=True, kw_only=True)
class Program:
    """How a program behaves in a container of its own.

    `handles` and `ends`: it has a handler for its stop signal, and ends by it, with `code`. `ended`
    is the exit code with which it ends by itself; None if it runs. `words` are the command line of
    its first process.
    """

    handles: bool = True
    ends: bool = True
    code: int = 0
    ended: int | None = None
    words: tuple[str, ...] = ("/bin/app",)


@dataclass
class World:
    """An engine; `program` is what containers of its own run, by the first word of the command.

    `histories` are the lines of an image's history by its name. `unbuildable` is the error of a
    build, `unsupported` that of a service's keys. `commands` are the outputs of commands by
    container and first word. `files` are the files in the containers. `has_shell`: each image has a
    shell.
    """

    running: dict[str, Container] = field(default_factory=dict)
    images: dict[str, Image] = field(default_factory=dict)
    programs: dict[str, Program] = field(default_factory=dict)
    histories: dict[str, list[str]] = field(default_factory=dict)
    commands: dict[tuple[str, str], str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    has_shell: bool = True
    system: EngineInfo = INFO
    clock_ahead: float = 0.0
    unbuildable: Exception | None = None
    unsupported: Exception | None = None
    created: dict[str, Service] = field(default_factory=dict)
    stopped: dict[str, float] = field(default_factory=dict)
    discarded: list[str] = field(default_factory=list)
    started: threading.Event = field(default_factory=threading.Event)

    # --- the engine

    def info(self) -> EngineInfo:
        return replace(self.system, time=time.time() + self.clock_ahead)

    def container(self, reference: str) -> Container | None:
        if reference in self.created:
            return self._own(reference)
        return self.running.get(reference)

    def containers(self, *_: Any, **__: Any) -> list[Container]:
        return []

    oneoffs = leftovers = containers_of_images = containers_of_folder = containers

    def read_file(self, _container_id: str, path: str) -> bytes | None:
        return self.files[path].encode() if path in self.files else None

    def image_has(self, *_: str) -> bool:
        return self.has_shell

    def image(self, reference: str) -> Image | None:
        return self.images.get(reference)

    def image_history(self, reference: str) -> list[str]:
        return self.histories.get(reference, [])

    def builder_of(self, _build: Any) -> str:
        if self.unbuildable:
            raise self.unbuildable
        return "BuildKit"

    def require_supported(self, _service: Service) -> None:
        if self.unsupported:
            raise self.unsupported

    def subnets(self) -> list[str]:
        return []

    def writers(self, _source: str) -> list[Container]:
        return []

    def log_lines(self, *_: Any) -> list[str]:
        return []

    def exec(self, container_id: str, argv: Sequence[str], **_: Any) -> ExecResult:
        if container_id in self.created:
            program = self._program(container_id)
            caught = TERM if program.handles else 0
            text = f"Name:\tapp\nSigBlk:\t0\nSigCgt:\t{caught:016x}\n"
            if argv[-1].endswith("cmdline"):
                text = "".join(f"{word}\0" for word in program.words)
            return ExecResult(exit_code=0, stdout=text.encode())
        text = self.commands.get((container_id, argv[0]), "")
        return ExecResult(exit_code=0, stdout=text.encode())

    exec_as = lambda self, _user, *given, **named: self.exec(*given, **named)  # noqa: E731

    # --- containers of its own

    def create(self, service: Service, *, name: str, image: str, labels: Any) -> str:
        assert labels["cosmicdeploy.marker"] == "stop-trial"
        self.created[name] = service
        return name

    def start(self, _container_id: str) -> None:
        self.started.set()

    def stop(self, container_id: str, timeout: float) -> None:
        self.stopped[container_id] = timeout

    def discard(self, container_id: str) -> None:
        self.discarded.append(container_id)

    def _program(self, container_id: str) -> Program:
        words = self.created[container_id].command or ("",)
        return self.programs.get(words[0], Program())

    def _own(self, container_id: str) -> Container:
        program = self._program(container_id)
        status, code = "running", 0
        if program.ended is not None:
            status, code = "exited", program.ended
        elif container_id in self.stopped:
            status, code = "exited", program.code if program.ends else KILLED
        return container_of(container_id, status=status, exit_code=code)


def container_of(name: str, **facts: Any) -> Container:
    return Container(
        **{
            "id": name,
            "name": name,
            "service": name,
            "project": "shop",
            "image_id": "sha256:1",
            "image_name": "shop/app",
            "status": "running",
            "started_at": "2026-01-01T00:00:00Z",
            "addresses": {"net": "172.20.0.2"},
            **facts,
        }
    )


def opened(folder: Path, world: World, **files: str) -> Context:
    """Write the stack, and return its context; `files` replaces some of its files, by stem."""
    for name, text in FILES.items():
        (folder / name).write_text(files.get(name.partition(".")[0], text))
    loaded, stack = read_stack_files(folder / "cosmicdeploy.yaml")
    engine: Any = world
    loaded, stack = resolve_replicas(loaded, stack, [])
    return context_on(engine, loaded, stack, lambda _event: None, signs=False)


def run(world: World, name: str, folder: Path) -> None:
    """Let the container of a service run."""
    world.running[f"shop-{name}-1"] = container_of(f"shop-{name}-1", service=name)
