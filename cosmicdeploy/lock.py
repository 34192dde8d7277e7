"""One run at a time on a stack: the lock lives on the engine, where all operators meet.

It is a marker created atomically, and removed only by its own id, so that a loser cannot take the
winner's. A holder that died on this machine is seen by its process and taken over.
"""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from cosmicdeploy.engine import labels
from cosmicdeploy.engine.model import Engine, Marker
from cosmicdeploy.errors import EngineError, LockHeld
from cosmicdeploy.journal import now


@contextmanager
def held(engine: Engine, project: str, command: str) -> Iterator[None]:
    """Hold the stack's lock; raises `LockHeld`, naming who has it, where and since when."""
    name = f"cosmicdeploy-lock-{project}"
    marker = _acquire(engine, name, command)
    try:
        yield
    finally:
        # Where the engine is gone the marker stays; the next run sees that its holder is dead.
        with suppress(EngineError):
            engine.release_claim(marker)


def _acquire(engine: Engine, name: str, command: str) -> str:
    wanted = {
        labels.MARKER: "lock",
        "owner": who(),
        "host": socket.gethostname(),
        "machine": _machine(),
        "pid": str(os.getpid()),
        "process": _process_start(os.getpid()),
        "since": now(),
        "command": command,
    }
    marker = engine.claim(name, wanted)
    if not marker.ours and _is_dead(marker.labels):
        engine.release_claim(marker.id)
        marker = engine.claim(name, wanted)
    if not marker.ours:
        raise _held(marker)
    return marker.id


def _held(marker: Marker) -> LockHeld:
    holder = marker.labels
    return LockHeld(
        f"`cosmicdeploy {holder.get('command')}` is at work on this stack",
        where=f"{holder.get('owner')}, process {holder.get('pid')}, since {holder.get('since')}",
        todo=f"wait until it is done; if it is surely dead: docker rm {marker.id[:12]}",
    )


def _is_dead(holder: Mapping[str, str]) -> bool:
    """Whether the holder was a process of this machine that is no more.

    The process's start time tells it from a later one with the same number.
    """
    if holder.get("machine") != _machine():
        return False
    return holder.get("process") != _process_start(int(holder.get("pid", "0")))


def _machine() -> str:
    """What tells this machine from another of the same name."""
    try:
        return Path("/etc/machine-id").read_text().strip() + socket.gethostname()
    except OSError:
        return socket.gethostname()


def _process_start(pid: int) -> str:
    """When a process started, in clock ticks since boot, with the boot's id; "" for none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
    return f"{fields[19]}@{boot}"


def who() -> str:
    """The person behind this process, as far as the system knows."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = str(os.getuid())
    return f"{os.environ.get('SUDO_USER', name)}@{socket.gethostname()}"
