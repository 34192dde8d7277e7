"""Find out as which user the server in a container runs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import ProbeFailed

# A script that prints for each process the lines that `FIELD` matches. It runs in the container,
# where the ids are those of the container's user namespace (userns-remap). It needs no program
# except the shell.
SCRIPT = """
for each in /proc/[0-9]*/status; do
    while read -r line; do
        case $line in Name:*|Pid:*|PPid:*|Uid:*|Gid:*|Groups:*) printf '%s\\n' "$line";; esac
    done <"$each"
done 2>/dev/null
exit 0
"""
# A field in /proc/PID/status, see proc(5). In `Uid` and `Gid`, the second number is the effective
# id.
FIELD = re.compile(r"^(Name|Pid|PPid|Uid|Gid|Groups):[ \t]*(.*)$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class _Process:
    """A process; `parent` is 0 for the first one, and for a command that `docker exec` started."""

    name: str
    pid: int
    parent: int
    uid: str
    gid: str
    groups: frozenset[str]

    @property
    def user(self) -> str:
        """The user as `user_in` returns it."""
        return self.uid if self.groups - {self.gid} else f"{self.uid}:{self.gid}"


def process_user(ctx: Context, container: Container, pid_mode: str | None) -> str:
    """Return the user as which a container's server runs, for a command with the same rights.

    Images of databases and of Redis start as root, and change to a user of their own. Returns "" if
    all processes run as root, so that the command runs as the container's own user. `pid_mode` is
    the service's `pid`. Raises `ProbeFailed` if the user is unknown, and `EngineError`.
    """
    unknown = f"It is unknown as which user {container.name} writes"
    if pid_mode:
        raise ProbeFailed(
            f"{unknown}, since its processes are among those of `pid: {pid_mode}`",
            where=container.name,
        )
    user = user_in(ctx.engine.exec(container.id, ["sh", "-c", SCRIPT]).text)
    if user is None:
        raise ProbeFailed(f"{unknown}: its shell cannot read /proc/1/status", where=container.name)
    return user


def user_in(text: str) -> str | None:
    """Return the user in the script's output as "UID:GID"; "" for root, None if it is unknown.

    That is the user of process 1 or, if this process runs as root, of the first process that does
    not run as root but whose parent does: the server below an init (`init: true`), for example, or
    below an entrypoint's script. A child with its parent's name does not count: it is a worker of
    nginx or PHP-FPM, whose first process runs as root and opens the files.

    If the process has further groups, returns "UID": the engine then looks up the user's groups in
    the container's /etc/group, as the program that changed the user has done.
    """
    processes = {each.pid: each for each in _parse(text)}
    if 1 not in processes:
        return None
    users = (processes[pid].user for pid in sorted(processes) if _is_server(processes, pid))
    return next(users, "")


def _is_server(processes: Mapping[int, _Process], pid: int) -> bool:
    process = processes[pid]
    if process.uid == "0":
        return False
    parent = processes.get(process.parent)
    if parent is None:
        return pid == 1
    starts_other = parent.uid == "0" and parent.name != process.name
    return starts_other and _descends_from_first(processes, parent)


def _descends_from_first(processes: Mapping[int, _Process], process: _Process) -> bool:
    """Whether the process is the first one or its descendant, and not one of `docker exec`."""
    # As many turns as there are processes: if an id was reused while the script read the processes,
    # the parents may form a circle.
    for _ in processes:
        parent = processes.get(process.parent)
        if parent is None:
            break
        process = parent
    return process.pid == 1


def _parse(text: str) -> Iterator[_Process]:
    """Yield the processes, except those that ended while the script read them."""
    for block in re.split(r"^(?=Name:)", text, flags=re.MULTILINE):
        fields = {key: value.split() for key, value in FIELD.findall(block)}
        try:
            yield _Process(
                name=" ".join(fields["Name"]),
                pid=int(fields["Pid"][0]),
                parent=int(fields["PPid"][0]),
                uid=fields["Uid"][1],
                gid=fields["Gid"][1],
                groups=frozenset(fields["Groups"]),
            )
        except (KeyError, IndexError, ValueError):
            continue
