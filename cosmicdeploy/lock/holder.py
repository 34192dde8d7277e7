"""Describe the lock holder by its marker's labels, and detect a dead one of this machine."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Mapping
from pathlib import Path

from cosmicdeploy.engine import labels
from cosmicdeploy.engine.facts import Marker
from cosmicdeploy.errors import LockHeld
from cosmicdeploy.journal.journal import now
from cosmicdeploy.text.formatting import format_timestamp


def marker_name(project: str) -> str:
    """Return the name of a stack's lock; only one container of an engine can have it."""
    return f"cosmicdeploy-lock-{project}"


def this_process(command: str) -> dict[str, str]:
    """Return the labels of a lock that this process takes."""
    return {
        labels.MARKER: "lock",
        "owner": operator_name(),
        "host": socket.gethostname(),
        "machine": _machine(),
        "pid": str(os.getpid()),
        "process": _process_start(os.getpid()),
        "since": now(),
        "command": command,
    }


def describe(holder: Mapping[str, str]) -> str:
    """Describe a lock holder in a line: who, where and since when."""
    since = format_timestamp(holder.get("since", ""))
    return f"{holder.get('owner')}, process {holder.get('pid')}, since {since}"


def lock_held_error(marker: Marker, todo: str) -> LockHeld:
    """Return the error for a run that finds the lock held."""
    return LockHeld(
        f"`cosmicdeploy {marker.labels.get('command')}` is at work on this stack",
        where=describe(marker.labels),
        todo=todo,
    )


def is_dead(holder: Mapping[str, str]) -> bool:
    """Return whether the holder was a process of this machine that has ended.

    The process's start time distinguishes it from a later process with the same number.
    """
    if holder.get("machine") != _machine():
        return False
    pid = holder.get("pid", "")
    return pid.isdecimal() and holder.get("process") != _process_start(int(pid))


def _machine() -> str:
    """Return what identifies the space of process numbers: this machine, or a container on it."""
    parts = [socket.gethostname()]
    try:
        parts.append(Path("/etc/machine-id").read_text().strip())
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    except OSError:
        pass  # not every system has these files
    return " ".join(parts)


def _process_start(pid: int) -> str:
    """Return a process's start in clock ticks since boot, with the boot's id; "" if it ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
    if fields[0] == "Z":
        return ""  # a zombie: it has ended, and its parent has not collected its exit code
    return f"{fields[19]}@{boot}"


def operator_name() -> str:
    """Return the operator's user name and host; with sudo, the user who called it."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = str(os.getuid())
    return f"{os.environ.get('SUDO_USER', name)}@{socket.gethostname()}"
