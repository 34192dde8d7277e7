"""A stack whose parts a test breaks one by one, with the answers to what `diagnose` asks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container, ExecResult, Image, LogLine, Process
from cosmicdeploy.operations.diagnosis.checks import cache, clock
from cosmicdeploy.operations.diagnosis.checks.health import heartbeat, http
from cosmicdeploy.probes import rate_limited, reach
from cosmicdeploy.probes.storage import process_user
from cosmicdeploy.settings import load
from cosmicdeploy.stack.model import Attachment, Mount, Service
from cosmicdeploy.traffic.response import Response

SETTINGS = """\
services: {app: [app-1, app-2], scheduler: scheduler, worker: [worker], cache: redis, proxy: proxy}
app: {console: [php, artisan], user: www-data, health_path: /health, log_file: /data/app.log}
probe: {url: "http://front"}
verify:
  command: "devices:monitor"
  heartbeat: {path: /beat, token_variable: TOKEN, answers_with: accepted}
diagnose: {command_file: /app/command.php}
"""
APPS, SCHEDULER, WORKER, REDIS, PROXY = ("app-1", "app-2"), "scheduler", "worker", "redis", "proxy"
DATABASE = "db"  # only in `WITH_DATABASE`
ALL = (REDIS, PROXY, *APPS, SCHEDULER, WORKER)
WITH_DATABASE = (
    SETTINGS.replace("cache: redis", "cache: redis, database: db")
    + "database: {name: shop, password_variable: DB_PASSWORD}\n"
)
IMAGE = "sha256:1"
NETWORK = "shop_back"
DF = "Filesystem 1024-blocks Used Available Capacity Mounted on\n"
INFO = {
    "used_memory": 1 << 20,
    "maxmemory": 100 << 20,
    "maxmemory_policy": "noeviction",
    "rdb_last_bgsave_status": "ok",
    "aof_enabled": 0,
    "uptime_in_seconds": 100,
}
OK, BEAT = (200, "{}"), (200, '{"accepted": true}')


def status(name: str = "run", pid: int = 1, parent: int = 0, user: int = 0) -> str:
    """Return lines of /proc/PID/status as the kernel writes them for a process."""
    ids = "".join(f"{key}:\t0\t{user}\t{user}\t{user}\n" for key in ("Uid", "Gid"))
    return f"Name:\t{name}\nPid:\t{pid}\nPPid:\t{parent}\n{ids}Groups:\t{user}\n"


@dataclass
class World:
    """The stack and its answers; a test changes them before it runs the checks.

    `responses` are (status, body) by the beginning of a URL, the longest first; status 0 is no
    answer. `commands` are (exit code, output) by service and first word of a command. `refusal` is
    the error with which Redis refuses writes.
    """

    containers: dict[str, Container]
    responses: dict[str, tuple[int, str]]
    commands: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)
    processes_of: dict[str, list[Process]] = field(default_factory=dict)
    info: dict[str, Any] = field(default_factory=lambda: dict(INFO))
    refusal: str = ""
    clock_ahead: float = 0.0
    sent: list[str] = field(default_factory=list)

    def change(self, name: str, **facts: Any) -> None:
        """Change what the engine reports of a service's container."""
        self.containers[name] = replace(self.containers[name], **facts)

    # --- the engine

    def container(self, reference: str) -> Container | None:
        return self.containers.get(reference)

    def image(self, _reference: str) -> Image:
        return Image(id=IMAGE)

    def exec(self, container_id: str, argv: Sequence[str], **_: Any) -> ExecResult:
        return self.exec_as("", container_id, argv)

    def exec_as(self, _user: str, container_id: str, argv: Sequence[str], **_: Any) -> ExecResult:
        scripts = {"/data": "mounts", "/data/app.log": "log", process_user.SCRIPT: "processes"}
        word = scripts[argv[-1]] if argv[0] == "sh" else argv[0]
        default = {
            "php": (0, "devices:monitor"),
            "processes": (0, status()),
            "df": (0, f"{DF}overlay 1000 300 700 30% /\n"),
        }
        code, text = self.commands.get((container_id, word), default.get(word, (0, "")))
        if word == "df" and "/data" in argv:
            code, text = self.commands.get((container_id, "df /data"), (code, text))
        return ExecResult(exit_code=code, stdout=text.encode())

    def find_marker(self, *_: Any) -> None:
        """There is no lock."""

    def run_oneoff(self, *_: Any, **__: Any) -> ExecResult:
        return ExecResult(exit_code=0, stdout=b"devices:monitor")

    def processes(self, container_id: str) -> list[Process]:
        return self.processes_of.get(container_id, [])

    def timed_log_lines(self, *_: Any, **__: Any) -> Iterator[LogLine]:
        yield LogLine(at=int(time.time() * 1e9), text="running devices:monitor")

    def logs(self, *_: Any, **__: Any) -> tuple[str, ...]:
        return ("a log line",)

    # --- requests and Redis

    def send(self, url: str, **_: Any) -> Response:
        self.sent.append(url)
        prefix = max((p for p in self.responses if url.startswith(p)), key=len)
        status, body = self.responses[prefix]
        headers = {"Retry-After": "30"} if status == 429 else {}
        if not status:
            return Response(url=url, error="connection refused")
        return Response(url=url, status=status, headers=headers, body=body)

    @contextmanager
    def session(self, _ctx: Context, name: str) -> Iterator[Any]:
        yield _ctx.running(name)  # raises as `open_cache` does

    def time_in(self, *_: Any) -> float:
        return time.time() + self.clock_ahead


class Engine:
    """The engine of a `World`, which has no containers but those of the services."""

    def __init__(self, world: World) -> None:
        self._world = world

    def containers(self, *_: Any, **__: Any) -> list[Container]:
        return []

    oneoffs = leftovers = containers_of_images = containers_of_folder = containers

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world, name)


def container_of(name: str, number: int) -> Container:
    command = ("php", "schedule:work") if name == SCHEDULER else ("run",)
    return Container(
        id=name,
        name=name,
        service=name,
        project="shop",
        image_id=IMAGE,
        status="running",
        health="healthy" if name in APPS else "",
        healthcheck=("check",) if name in APPS else (),
        started_at="2026-01-01T00:00:00Z",
        command=command,
        addresses={NETWORK: f"10.0.0.{number}"},
        networks=(NETWORK,),
        mounts={"/data": "/srv/data"},
    )


def _service(name: str) -> Service:
    return Service(
        name=name,
        container_name=name,
        image="shop",
        networks=(Attachment(network=NETWORK),),
        mounts=(Mount(type="bind", source="/srv/data", target="/data"),),
    )


def new_world() -> World:
    """Return a world in which nothing is wrong."""
    containers = {name: container_of(name, number) for number, name in enumerate(ALL, 1)}
    replicas = [f"http://{containers[name].addresses[NETWORK]}:80" for name in APPS]
    responses = {
        base + path: reply
        for base in (*replicas, "http://front")
        for path, reply in (("/health", OK), ("/beat", BEAT))
    }
    processes = {SCHEDULER: [Process(state="S", command="php schedule:work")]}
    return World(containers=containers, responses=responses, processes_of=processes)


def context_of(
    ctx: Context, folder: Path, patch: pytest.MonkeyPatch, settings: str = ""
) -> Callable[[World], Context]:
    """Return a function that returns the context of a world; the default is `SETTINGS`."""
    path = folder / "cosmicdeploy.yaml"
    path.write_text(settings or SETTINGS)
    loaded = load(path, {"TOKEN": "t", "DB_PASSWORD": "d"})
    services = {name: _service(name) for name in (*ALL, DATABASE)}

    def make(world: World) -> Context:
        for module in (http, heartbeat, reach):
            patch.setattr(module, "send_request", world.send)
        for module in (http, heartbeat, rate_limited):
            patch.setattr(module, "send_with_retries", world.send)
        patch.setattr(cache, "cache_session", world.session)
        patch.setattr(cache, "read_info", lambda _: world.info)
        patch.setattr(cache, "refusal_of_writes", lambda _: world.refusal)
        patch.setattr(clock, "_time_in", world.time_in)
        stack: Any = SimpleNamespace(
            services=services, volumes={}, project="shop", directory=folder, file=path
        )
        engine: Any = Engine(world)
        return replace(
            ctx,
            loaded=loaded,
            stack=stack,
            engine=engine,
            catalogue=SimpleNamespace(folder=folder),  # type: ignore[arg-type]
        )

    return make
