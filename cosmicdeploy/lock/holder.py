"""Who holds a lock: what a marker's labels say, and whether that process is surely gone."""

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
    """The name that only one container of an engine can have."""
    return f"cosmicdeploy-lock-{project}"


def this_process(command: str) -> dict[str, str]:
    """The labels of a lock that this process takes."""
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
    """Who, where and since when, in a line."""
    since = format_timestamp(holder.get("since", ""))
    return f"{holder.get('owner')}, process {holder.get('pid')}, since {since}"


def lock_held_error(marker: Marker, todo: str) -> LockHeld:
    """The error for whoever comes second."""
    return LockHeld(
        f"`cosmicdeploy {marker.labels.get('command')}` is at work on this stack",
        where=describe(marker.labels),
        todo=todo,
    )


def is_dead(holder: Mapping[str, str]) -> bool:
    """Whether the holder was a process of this machine that is no more.

    The process's start time tells it from a later one with the same number.
    """
    if holder.get("machine") != _machine():
        return False
    pid = holder.get("pid", "")
    return pid.isdecimal() and holder.get("process") != _process_start(int(pid))


def _machine() -> str:
    """Where process numbers mean the same: a machine, or a container on it."""
    parts = [socket.gethostname()]
    try:
        parts.append(Path("/etc/machine-id").read_text().strip())
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    except OSError:
        pass  # what this system does not tell cannot tell it from others
    return " ".join(parts)


def _process_start(pid: int) -> str:
    """When a process started, in clock ticks since boot, with the boot's id; "" for none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
    if fields[0] == "Z":
        return ""  # ended, and only its parent has not asked how
    return f"{fields[19]}@{boot}"


def operator_name() -> str:
    """The person behind this process, as far as the system knows."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = str(os.getuid())
    return f"{os.environ.get('SUDO_USER', name)}@{socket.gethostname()}"
