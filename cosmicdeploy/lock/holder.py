"""Describe a lock holder by its marker's labels; find out whether the holder has ended."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Mapping
from pathlib import Path

from cosmicdeploy.engine import labels
from cosmicdeploy.engine.facts import Marker
from cosmicdeploy.errors import EngineError, LockHeld
from cosmicdeploy.text.formatting import format_timestamp
from cosmicdeploy.text.timestamp import now

# The value of the label `labels.MARKER` of every lock.
LOCK = "lock"


def marker_name(project: str) -> str:
    """Return the name of a stack's lock marker; the engine keeps names unique."""
    return f"cosmicdeploy-lock-{project}"


def is_lock(marker: Marker) -> bool:
    """Return whether a container with a lock's name is a lock, not another program's container."""
    return marker.labels.get(labels.MARKER) == LOCK


def require_lock(marker: Marker, name: str) -> None:
    """Raise `EngineError` if the container that has the lock's name is no lock.

    Such a container is never removed: it may hold data, and sends no heartbeat.
    """
    if not is_lock(marker):
        raise EngineError(
            "A container that is not a lock of cosmicdeploy has the lock's name",
            where=name,
            todo=f"rename it: `docker rename {name} NEW-NAME`; then run the same command again",
        )


def this_process(command: str) -> dict[str, str]:
    """Return the labels for a lock marker of this process."""
    return {
        labels.MARKER: LOCK,
        "owner": operator_name(),
        "host": socket.gethostname(),
        "machine": _machine(),
        "pid": str(os.getpid()),
        "process": _process_start(os.getpid()),
        "since": now(),
        "command": command,
    }


def describe_holder(holder: Mapping[str, str]) -> str:
    """Describe a lock holder in a few words: who, where and since when."""
    since = format_timestamp(holder.get("since", ""))
    return f"{holder.get('owner')}, process {holder.get('pid')}, since {since}"


def lock_held_error(marker: Marker, todo: str) -> LockHeld:
    """Return the error for a run that finds the lock held."""
    return LockHeld(
        f"`cosmicdeploy {marker.labels.get('command')}` is at work on this stack",
        where=describe_holder(marker.labels),
        todo=todo,
    )


def is_dead(holder: Mapping[str, str]) -> bool:
    """Return whether the holder was a process of this machine that has ended.

    Compares the start time of the process too: a later process may have the same number.
    """
    if holder.get("machine") != _machine():
        return False
    pid = holder.get("pid", "")
    return pid.isdecimal() and holder.get("process") != _process_start(int(pid))


def _machine() -> str:
    """Return an id of this process's PID namespace: of the machine, or of a container on it.

    Process numbers can be compared only within the same namespace.
    """
    parts = [socket.gethostname()]
    try:
        parts.append(Path("/etc/machine-id").read_text().strip())
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    except OSError:
        pass  # not every system has these files
    return " ".join(parts)


def _process_start(pid: int) -> str:
    """Return when a process started, as TICKS@BOOT-ID; "" if it has ended.

    The ticks are the clock ticks since boot. Also "" if the system has no /proc.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
    # The fields begin with the third of proc(5), the state; the start time is the 22nd.
    if fields[0] == "Z":
        return ""  # a zombie: it has ended, but its parent has not collected its exit code
    return f"{fields[19]}@{boot}"


def operator_name() -> str:
    """Return the operator as user@host; under sudo, the user who called sudo."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = str(os.getuid())
    return f"{os.environ.get('SUDO_USER', name)}@{socket.gethostname()}"
