"""Read as which user the first process of a container runs."""

from __future__ import annotations

import re

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.proxy.kernel import proc

# In /proc/PID/status, see proc(5): real, effective, saved and file system id; all further groups.
EFFECTIVE = re.compile(r"^(Uid|Gid):\s+\d+\s+(\d+)\s", re.MULTILINE)
GROUPS = re.compile(r"^Groups:[ \t]*(.*)$", re.MULTILINE)


def process_user(ctx: Context, container: Container) -> str:
    """Return the user of a container's first process, for a command that is to run like it.

    Images of databases and of Redis start as root, and change to a user of their own. Returns ""
    for root, and if the user cannot be read: then the command runs as the container's own user.
    Raises `EngineError`.
    """
    return user_in(proc.read(ctx, container, "1/status").text)


def user_in(status: str) -> str:
    """Return the user in the text of /proc/PID/status as "UID:GID"; "" for root or if unknown.

    If the process has further groups, returns "UID": the engine then looks up the user's groups in
    the container's /etc/group, as the program that changed the user has done.
    """
    ids = dict(EFFECTIVE.findall(status))
    if ids.keys() != {"Uid", "Gid"} or ids["Uid"] == "0":
        return ""
    found = GROUPS.search(status)
    further = set(found[1].split()) - {ids["Gid"]} if found else set()
    return ids["Uid"] if further else f"{ids['Uid']}:{ids['Gid']}"
