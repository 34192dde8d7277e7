"""Find out whether a container sees the very file or folder that a path of the host names."""

from __future__ import annotations

from pathlib import Path

from cosmicdeploy.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import EngineError, EngineUnavailable
from cosmicdeploy.proxy.kernel import proc


def is_same_file(ctx: Context, container: Container, target: str, path: Path) -> bool | None:
    """Return whether `target` in a running container is the file or folder `path` of this host.

    It is another one if the engine is on another host, or if the path has led to a new file or
    folder since the container started. None if the container does not tell.
    """
    identity, root = _identity(path), proc.root(container)
    if not identity:
        return False
    # Seen from the host, a link in the container's path may lead elsewhere: only a match is proof.
    if root and _identity(root / target.lstrip("/")) == identity:
        return True
    inside = _identity_in_container(ctx, container, target)
    return inside == identity if inside else None


def _identity(path: Path) -> str:
    try:
        status = path.stat()
    except OSError:
        return ""
    return f"{status.st_dev}:{status.st_ino}"


def _identity_in_container(ctx: Context, container: Container, target: str) -> str:
    try:
        # Follows links, as the container's own processes do.
        return ctx.engine.exec(container.id, ["stat", "-L", "-c", "%d:%i", target]).text.strip()
    except EngineUnavailable:
        raise
    except EngineError:
        return ""  # the image has no `stat`
