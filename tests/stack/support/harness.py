"""Shared by all tests on a real stack: command line, containers, a stream of heartbeats."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

from cosmicdeploy.context.context import Context
from cosmicdeploy.database.schema.facts import Facts, open_facts
from cosmicdeploy.engine import Container, connect
from cosmicdeploy.files import shipped
from cosmicdeploy.journal.journal import Journal
from cosmicdeploy.journal.lines import UnreadableLine
from cosmicdeploy.journal.unfinished.unfinished import unfinished
from cosmicdeploy.layout import SOURCES, SUBNETS, lay_out, layout_options
from cosmicdeploy.probes.http import Response, send_request
from cosmicdeploy.probes.proof import TrafficStats
from cosmicdeploy.probes.urls import proxy_url
from cosmicdeploy.settings import LoadedSettings
from cosmicdeploy.stack.model import Stack
from cosmicdeploy.workspace import connect_stack, read_stack_files
from tests.stack.support.processes.commands import Command
from tests.stack.support.processes.programs import run_program
from tests.stack.support.processes.threads import in_threads

ROOT = Path(__file__).resolve().parents[3]
COMPOSE_V2 = ROOT / ".cache/compose-v2/usr/libexec/docker/cli-plugins/docker-compose"
# Docker looks for the Compose plugin here.
DOCKER_CONFIG = ROOT / ".cache" / "docker-config"
IMAGES = ROOT / ".cache" / "images.env"
RELEASED = (
    "cosmic-app-1",
    "cosmic-app-2",
    "cosmic-app-3",
    "cosmic-scheduler",
    "cosmic-queue-1",
)
COMPOSE_FILE = "docker-compose.prod.yml"
KEPT = (".env", "cosmicdeploy.yaml", COMPOSE_FILE, SOURCES)
BEAT = "/api/devices/heartbeat"
BODY = {"battery_level": 85}
KIOSKS = 20


@dataclass(frozen=True)
class Done:
    """The result of a finished command."""

    code: int
    stdout: str
    stderr: str

    @property
    def report(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.stdout)
        return document

    @property
    def outcomes(self) -> dict[str, str]:
        return {step["name"]: step["outcome"] for step in self.report["steps"]}

    def reason(self, step: str) -> str:
        return next(str(s["reason"]) for s in self.report["steps"] if s["name"] == step)


@dataclass(frozen=True)
class StackUnderTest:
    """A stack laid out in a temporary folder; `kiosks` are the tokens of its devices.

    `released` are the services on the application's image, the first one a replica. `sources` is
    the folder of the application's sources; `kept` are the files that `files_kept` restores.
    """

    folder: Path
    kiosks: list[str] = field(default_factory=list)
    released: ClassVar[Sequence[str]] = RELEASED
    sources: ClassVar[str] = SOURCES
    kept: ClassVar[Sequence[str]] = KEPT

    def open(self) -> Context:
        """Open the stack anew, without reading its files again where they are the same."""
        texts = (self.folder / name for name in ("cosmicdeploy.yaml", COMPOSE_FILE, ".env"))
        read = _read_files(self.folder, *(file.read_bytes() for file in texts), _environ())
        ctx = connect_stack(*read, lambda _event: None)
        return replace(ctx, journal=_journal(ctx.journal.path))

    def start(self, *words: str, module: str = "cosmicdeploy", **environ: str) -> Command:
        """Start a command in the folder of the stack, with additional environment variables.

        Its tables are as wide as in a small terminal, with and without xdist, which sets COLUMNS.
        """
        environ = {**os.environ, "COLUMNS": "80", **environ}
        return Command(module, *words, folder=self.folder, environ=environ)

    def cli(self, *words: str, **environ: str) -> Done:
        """Run a command to its end."""
        process = self.start(*words, **environ)
        out, err = process.communicate(timeout=400)
        return Done(process.returncode, out, err)

    @property
    def compose_options(self) -> Sequence[str]:
        """The options with which Compose reads the stack's files."""
        return ("-f", COMPOSE_FILE)

    def compose(self, *words: str, program: str = str(COMPOSE_V2), **environ: str) -> str:
        """Run a version of Compose on the stack; return its output."""
        return run_program([program, *self.compose_options, *words], self.folder, environ)

    # --- facts

    def containers(self) -> dict[str, Container]:
        ctx = self.open()
        by_service = {name: ctx.container(name) for name in ctx.settings.services.all}
        return {name: container for name, container in by_service.items() if container}

    def images(self) -> set[str]:
        """Return the image ids of the app, scheduler and worker containers."""
        return {c.image_id for name, c in self.containers().items() if name in self.released}

    @contextmanager
    def database(self) -> Iterator[Facts]:
        with open_facts(self.open().database()) as facts:
            yield facts

    def url(self) -> str:
        return proxy_url(self.open())

    def snapshot(self) -> dict[str, Any]:
        """Return what a failed deploy must not change: containers, images, tags, schema."""
        ctx = self.open()
        containers = self.containers()
        with self.database() as facts:
            schema, migrations = facts.schema_digest(), facts.applied_migrations()
        tag = ctx.image_of(self.released[0])
        return {
            "containers": {name: (c.id, c.is_running) for name, c in containers.items()},
            "all": sorted(c.name for c in ctx.engine.containers(ctx.stack.project)),
            "tag": tag.id if tag else None,
            "schema": schema,
            "migrations": migrations,
        }

    def lives(self) -> dict[str, tuple[str, str, bool]]:
        """Return each service's container id, start time, and whether it runs well so far."""
        return {
            name: (c.id, c.started_at, c.is_running and c.health != "unhealthy")
            for name, c in self.containers().items()
        }

    def condition(self) -> dict[str, Any]:
        """Return `snapshot` with the number of interrupted runs and of failed or undone steps."""
        journal = self.open().journal
        lines = [each for each in journal.entries() if isinstance(each, UnreadableLine)]
        assert not lines, "the journal has unreadable lines"
        failures = sum(record["kind"] in ("failed", "undone") for record in journal.records())
        return {**self.snapshot(), "unfinished": len(unfinished(journal)), "failures": failures}

    def health(self) -> Response:
        return send_request(self.url() + "/api/health")

    # --- changes

    def seed(self, kiosks: int = KIOSKS) -> None:
        """Create the device for verification, and this many kiosks."""
        ctx = self.open()
        app = ctx.any_app().id
        register = ("devices:seed", "--name=VERIFY", "--token-env=DEVICE_TOKEN")
        done = self.cli("console", "--env", "DEVICE_TOKEN", *register)
        assert done.code == 0, done.stderr
        # Several, since a single one would exceed the rate limit.
        result = ctx.engine.exec(app, ctx.console("devices:seed", str(kiosks), "--json"))
        assert result.exit_code == 0, result.error_text
        self.kiosks[:] = [device["token"] for device in json.loads(result.text)["devices"]]

    def token(self) -> str:
        return self.open().loaded.secret("DEVICE_TOKEN")

    def put_release_2(self) -> None:
        """Do what `git pull` does: add the files of release 2, and set it in `.env`."""
        for name in release_2_files():
            shutil.copy(shipped.payload() / "app" / name, self.folder / SOURCES / name)
        self.set_variable("APP_VERSION", "2")

    def set_variable(self, name: str, value: str) -> None:
        env = self.folder / ".env"
        text = re.sub(rf"^{name}=.*$", f"{name}={value}", env.read_text(), flags=re.MULTILINE)
        env.write_text(text)

    def set_setting(self, old: str, new: str) -> None:
        path = self.folder / "cosmicdeploy.yaml"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def begin_minute_again(self) -> None:
        """Restart the scheduler so that it runs this minute's commands again, without waiting."""
        ctx = self.open()
        scheduler = ctx.running("cosmic-scheduler").id
        ctx.engine.stop(scheduler, 60)
        self.forget_minute()
        ctx.engine.start(scheduler)

    def forget_minute(self) -> None:
        """Delete the record of this minute, since a new scheduler skips recorded minutes."""
        ctx = self.open()
        forget = "redis-cli --scan --pattern 'cosmic:lock:*:[0-9]*' | xargs -r redis-cli del"
        done = ctx.engine.exec(ctx.running("platform-redis").id, ["sh", "-c", forget])
        assert done.exit_code == 0, done.error_text

    @contextmanager
    def files_kept(self) -> Iterator[None]:
        """Restore the files of the stack after the block."""
        kept = self.folder.with_name("kept")
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir()
        for name in self.kept:
            copy(self.folder / name, kept / name)
        try:
            yield
        finally:
            for name in self.kept:
                copy(kept / name, self.folder / name)

    @contextmanager
    def beats(
        self, per_second: float = 10, longest: float = 300, *, turning_away: bool = False
    ) -> Iterator[TrafficStats]:
        """Send heartbeats through the load balancer during the block.

        With `turning_away`, an answer 503 with Retry-After counts as `held`, not as a failure.
        """
        measured, url = TrafficStats(), self.url()
        tokens = itertools.cycle(self.kiosks)

        def send(stop: threading.Event) -> None:
            until = time.monotonic() + longest
            while time.monotonic() < until and not stop.wait(1 / per_second):
                answer = send_request(url + BEAT, token=next(tokens), json=BODY)
                measured.count(answer, turning_away=turning_away and answer.is_turned_away)

        with in_threads(send):
            yield measured

    def remove(self) -> None:
        ctx = self.open()
        images = {ctx.service(name).image for name in self.released}
        ctx.engine.remove_project(ctx.stack.project)
        for image in images:
            ctx.engine.untag(image)


@lru_cache(maxsize=16)
def _read_files(folder: Path, *_what_they_depend_on: object) -> tuple[LoadedSettings, Stack]:
    """Read a stack's files, once for each state of the files.

    Reading takes 50 ms of CPU time. Tests that wait read the files repeatedly while a command
    works.
    """
    return read_stack_files(folder / "cosmicdeploy.yaml")


@lru_cache(maxsize=16)
def _journal(path: Path) -> Journal:
    """Return a journal that keeps what it has read: at the end of a session it has some thousand
    records, of which each takes 80 µs."""
    return Journal(path=path)


def _environ() -> tuple[tuple[str, str], ...]:
    """Return the variables that the files may name: all but the one that names the test."""
    return tuple(item for item in os.environ.items() if item[0] != "PYTEST_CURRENT_TEST")


def copy(source: Path, target: Path) -> None:
    """Make `target` equal to `source`, but keep its folders, since containers mount them."""
    if not source.is_dir():
        shutil.copy(source, target)
        return
    expected = {path.relative_to(source) for path in source.rglob("*")}
    for old in sorted(target.rglob("*"), reverse=True) if target.exists() else ():
        if old.relative_to(target) not in expected:
            old.rmdir() if old.is_dir() else old.unlink()
    shutil.copytree(source, target, dirs_exist_ok=True)


def release_2_files() -> list[str]:
    return (shipped.payload() / "release-2-only.txt").read_text().split()


@contextmanager
def running(stack: StackUnderTest) -> Iterator[None]:
    """Run and seed the stack during the block; remove it afterwards."""
    try:
        up = stack.cli("up", "--json")
        assert up.code == 0, up.stderr
        stack.seed()
        yield
    finally:
        stack.remove()


def lay_out_release_1(folder: Path) -> StackUnderTest:
    name = f"t{uuid4().hex[:6]}"
    options = {
        "project": f"cosmic-{name}",
        "suffix": name,
        "http_port": 0,
        "http_bind": "127.0.0.1",
    }
    choices = layout_options(options, IMAGES)
    lay_out(folder, replace(choices, taken_subnets=taken_subnets()))
    for path in release_2_files():
        (folder / SOURCES / path).unlink()
    with_images_of_its_own(folder / SOURCES / "Dockerfile", name)
    stack = StackUnderTest(folder)
    stack.set_setting("seconds: 15", "seconds: 0")  # the soak has its own tests
    stack.set_setting("stable_for: 10", "stable_for: 0")  # so has the wait for the trial
    return stack


def taken_subnets() -> list[str]:
    """Return the subnets of the engine, and those of the other test workers.

    Without the latter, two stacks that are laid out at the same time would get the same subnet.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    shares = list(SUBNETS.subnets(prefixlen_diff=(workers - 1).bit_length()))
    return connect().subnets() + [str(share) for share in shares if share != shares[worker]]


def with_images_of_its_own(dockerfile: Path, name: str) -> None:
    """Label the image with the stack's name.

    Stacks with equal sources would share images, and one could remove a layer that a build of the
    other one needs.
    """
    before, line, after = dockerfile.read_text().partition("ARG APP_VERSION=dev\n")
    assert line, "the Dockerfile has no line ARG APP_VERSION=dev"
    dockerfile.write_text(f"{before}LABEL cosmicdeploy.test={name}\n{line}{after}")
