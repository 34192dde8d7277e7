"""A second Docker Engine for the swarm, so that the stacks of the first engine stay as they are.

It has its own network namespace: in a shared one, each engine would flush the other's firewall
rules.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import docker
from docker.errors import DockerException

from benchmarks.deploy.cleanup import uninterrupted
from benchmarks.deploy.stack import ROOT

# The address that the swarm advertises; nothing else is in this network.
ADDRESS = "10.213.0.1"
SCRIPT = f"""
ip link set lo up
ip link add bench0 type bridge
ip addr add {ADDRESS}/24 dev bench0
ip link set bench0 up
exec dockerd "$@"
"""
STARTS_WITHIN_SECONDS = 60


@dataclass(frozen=True)
class SecondEngine:
    """A running engine. A command that starts with `enter` reaches its ports on 127.0.0.1."""

    socket: str
    pid: int

    @property
    def enter(self) -> list[str]:
        return ["nsenter", f"--net=/proc/{self.pid}/ns/net", "--"]

    def client(self) -> docker.DockerClient:
        return docker.DockerClient(base_url=self.socket, timeout=120)


@contextmanager
def second_engine(log: Path) -> Iterator[SecondEngine]:
    """Start an empty engine; remove it with all its data at the end. Raises `RuntimeError`."""
    if os.getuid() != 0:
        raise RuntimeError("a second engine needs root")
    _install_missing_programs()
    data = Path(tempfile.mkdtemp(prefix="bench-engine-", dir=ROOT / ".cache"))
    # A short path, since paths of Unix sockets are limited to about 100 characters.
    state = Path(tempfile.mkdtemp(prefix="cdb-"))
    process = _start(data, state, log)
    try:
        engine = SecondEngine(f"unix://{state}/docker.sock", process.pid)
        _wait_for(engine, process, log)
        yield engine
    finally:
        with uninterrupted():
            _stop(process)
            shutil.rmtree(data, ignore_errors=True)
            shutil.rmtree(state, ignore_errors=True)
            _remove_control_groups(state.name)


def _install_missing_programs() -> None:
    packages = {"ip": "iproute2", "unshare": "util-linux", "nsenter": "util-linux"}
    if missing := sorted({package for name, package in packages.items() if not shutil.which(name)}):
        subprocess.run([str(ROOT / "bootstrap" / "apt-install.sh"), *missing], check=True)


def _start(data: Path, state: Path, log: Path) -> subprocess.Popen[bytes]:
    options = {
        "data-root": data,
        "exec-root": state / "x",
        "host": f"unix://{state}/docker.sock",
        "pidfile": state / "pid",
        "cgroup-parent": f"/{state.name}",
    }
    words = [f"--{name}={value}" for name, value in options.items()]
    with log.open("wb") as file:
        return subprocess.Popen(
            ["unshare", "--net", "--mount", "sh", "-euc", SCRIPT, "dockerd", *words],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _wait_for(engine: SecondEngine, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + STARTS_WITHIN_SECONDS
    while time.monotonic() < until and process.poll() is None:
        with suppress(DockerException, OSError):
            engine.client().ping()
            return
        time.sleep(0.3)
    last = log.read_text(errors="replace").splitlines()[-1:]
    raise RuntimeError(f"the second engine does not start: {' '.join(last)}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Stop the engine, which stops its containers first."""
    for number, patience in ((signal.SIGTERM, 90), (signal.SIGKILL, 10)):
        if process.poll() is None:
            process.send_signal(number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=patience)
            return


def _remove_control_groups(name: str) -> None:
    for folder in (Path("/sys/fs/cgroup") / name, *Path("/sys/fs/cgroup").glob(f"*/{name}")):
        with suppress(OSError):
            folder.rmdir()
