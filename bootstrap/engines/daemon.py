"""Start and stop other engines; end only processes that this module started."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import docker
from docker.errors import DockerException

from bootstrap.engines.catalogue import ROOT, EngineKind
from bootstrap.engines.root_folder import EngineError, ensure_root, say

STARTS_WITHIN_SECONDS = 60
# dockerd stops its containers first.
STOPS_WITHIN_SECONDS = 90
CONTROL_GROUPS = Path("/sys/fs/cgroup")
# CPU shares of all containers together, for cgroups v1 and v2. One process has 1024 or 100.
CPU_SHARES, CPU_WEIGHT = "8192", "800"


@dataclass(frozen=True)
class RunningEngine:
    """An engine that runs; `pid` is the process id of its dockerd."""

    kind: EngineKind
    pid: int

    @property
    def enter(self) -> list[str]:
        """The words to put before a command, so that it reaches the ports of containers."""
        return ["nsenter", f"--net=/proc/{self.pid}/ns/net", "--"]

    @property
    def environ(self) -> dict[str, str]:
        """The environment variables that make a command use this engine."""
        return {"DOCKER_HOST": self.kind.socket, "DOCKER_CONTEXT": ""}

    def client(self) -> docker.DockerClient:
        return docker.DockerClient(base_url=self.kind.socket, timeout=300)


@contextmanager
def running(kind: EngineKind) -> Iterator[RunningEngine]:
    """Run the engine during the block; stop it afterwards unless it ran before.

    Raises `EngineError`.
    """
    if (before := find(kind)) is not None:
        yield before
        return
    engine = start(kind)
    try:
        yield engine
    finally:
        stop(kind)


def find(kind: EngineKind) -> RunningEngine | None:
    """Return the engine if it runs."""
    pid = _pid(kind)
    return None if pid is None else RunningEngine(kind, pid)


def _pid(kind: EngineKind) -> int | None:
    """Return the pid of the engine's dockerd, unless another process has that pid by now."""
    file = kind.state / "pid"
    with suppress(OSError, ValueError):
        pid = int(file.read_text(encoding="utf-8"))
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        if f"--pidfile={file}".encode() in command:
            return pid
    return None


def start(kind: EngineKind) -> RunningEngine:
    """Start the engine unless it runs, and wait until it answers. Raises `EngineError`."""
    if (engine := find(kind)) is not None:
        return engine
    root = ensure_root(kind)
    say(f"starting Engine {kind.name}")
    shutil.rmtree(kind.state, ignore_errors=True)
    for folder in (kind.state, kind.data):
        folder.mkdir(parents=True, exist_ok=True)
    settings = kind.state / "daemon.json"
    settings.write_text(json.dumps(dict(kind.settings)), encoding="utf-8")
    _put_containers_first(kind)
    log = kind.state / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [
                "unshare",
                "--net",
                "--mount",
                str(Path(__file__).with_name("start.sh")),
                *map(str, (root, kind.state, kind.data, *_shared_folders())),
                "--",
                *_options(kind, settings),
            ],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
        )
    try:
        return _wait_for(kind, process, log)
    except BaseException:
        _end(process.pid)
        raise


def _options(kind: EngineKind, settings: Path) -> list[str]:
    options = {
        "config-file": settings,
        "data-root": kind.data,
        "exec-root": kind.state / "exec",
        "host": kind.socket,
        "pidfile": kind.state / "pid",
        "cgroup-parent": f"/{_control_group(kind)}",
    }
    return [f"--{name}={value}" for name, value in options.items()]


def _shared_folders() -> list[Path]:
    """Return the folders whose files a stack may mount: this clone, and temporary files."""
    folders = [ROOT.resolve(), Path(tempfile.gettempdir()).resolve()]
    return [each for each in folders if not any(other in each.parents for other in folders)]


def _wait_for(kind: EngineKind, process: subprocess.Popen[bytes], log: Path) -> RunningEngine:
    until = time.monotonic() + STARTS_WITHIN_SECONDS
    while time.monotonic() < until and process.poll() is None:
        with suppress(DockerException, OSError):
            engine = RunningEngine(kind, process.pid)
            engine.client().ping()
            return engine
        time.sleep(0.2)
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:]
    raise EngineError("\n".join([f"Engine {kind.name} does not start; the end of {log}:", *lines]))


def stop(kind: EngineKind) -> None:
    """Stop the engine with its containers, if it runs; keep its images."""
    if (pid := _pid(kind)) is not None:
        say(f"stopping Engine {kind.name}")
        _end(pid)
    for folder in _groups(kind):
        with suppress(OSError):
            folder.rmdir()


def _end(pid: int) -> None:
    for number, patience in ((signal.SIGTERM, STOPS_WITHIN_SECONDS), (signal.SIGKILL, 10)):
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        until = time.monotonic() + patience
        while time.monotonic() < until:
            if _has_ended(pid):
                return
            time.sleep(0.1)


def _has_ended(pid: int) -> bool:
    with suppress(ChildProcessError):
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return True
    return not Path(f"/proc/{pid}").exists()


def _put_containers_first(kind: EngineKind) -> None:
    """Give the engine's containers more CPU time than one process of the engine has.

    `put_containers_first` in bootstrap/engine.sh does this for the machine's own engine, and says
    why.
    """
    for folder in _groups(kind):
        for name, value in (("cpu.shares", CPU_SHARES), ("cpu.weight", CPU_WEIGHT)):
            with suppress(OSError):
                folder.mkdir(exist_ok=True)
                if (folder / name).exists():
                    (folder / name).write_text(value, encoding="utf-8")


def _groups(kind: EngineKind) -> Iterable[Path]:
    name = _control_group(kind)
    return (CONTROL_GROUPS / "cpu" / name, CONTROL_GROUPS / name)


def _control_group(kind: EngineKind) -> str:
    return f"cosmicdeploy-engine-{kind.name}"
