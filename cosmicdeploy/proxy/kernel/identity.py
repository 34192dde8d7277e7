"""Find out whether a path in a container and a path on this host are the same file or folder."""

from __future__ import annotations

from pathlib import Path

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import EngineError, EngineUnavailable
from cosmicdeploy.proxy.kernel import proc


def is_same_file(ctx: Context, container: Container, target: str, path: Path) -> bool | None:
    """Return whether `target` in a running container is the file or folder `path` of this host.

    The two differ if the engine is on another host, or if the file or folder was replaced on the
    host after the container started. None if the two cannot be compared, for example because the
    container's image lacks `stat`.
    """
    identity, root = _identity(path), proc.root(container)
    if not identity:
        return False
    # Seen from the host, a link in the container's path may lead to another file than in the
    # container. So only a match proves something.
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
        result = ctx.engine.exec(container.id, ["stat", "-L", "-c", "%d:%i", target])
    except EngineUnavailable:
        raise
    except EngineError:
        return ""  # for example, the image has no `stat`
    # What a failed command prints is no identity: the engine's message, or `stat`'s usage.
    return result.text.strip() if result.exit_code == 0 else ""
