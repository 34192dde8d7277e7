"""Find a container's file on this host, without following links out of the container."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

# As the kernel's own limit for one path.
MAX_LINKS = 40


def rooted(root: Path, path: str) -> Path | None:
    """Return where `path` of a container is below its root folder on this host.

    Links are resolved as the container's processes see them: an absolute link starts at `root`.
    None if there are too many links. Raises `OSError` if a link cannot be read.
    """
    left, current, links = list(reversed(PurePosixPath(path).parts[1:])), root, 0
    while left:
        part = left.pop()
        if part == "..":
            current = current if current == root else current.parent
            continue
        step = current / part
        if not step.is_symlink():
            current = step
            continue
        links += 1
        target = PurePosixPath(step.readlink())
        if links > MAX_LINKS:
            return None
        if target.is_absolute():
            current, target = root, target.relative_to("/")
        left += reversed(target.parts)
    return current
