"""Read files below /proc as a container's processes see them.

If the container runs on this host and the deployer may access its root folder, the files are read
from the host, because a command in a container costs a busy host a tenth of a second. Otherwise
`cat` reads the files in the container.
"""

from __future__ import annotations

from pathlib import Path

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container, ExecResult

PROC = Path("/proc")
# The folder of the network tables, which all processes of a container share.
NETWORK = "net/"


def read(ctx: Context, container: Container, *names: str) -> ExecResult:
    """Return the contents of files, one after the other.

    `names` are paths below /proc, or patterns such as `[0-9]*/stat`. Files that cannot be read are
    left out. Raises `EngineError` if the container does not run. If `cat` is needed and the image
    lacks it, the result's text is an error message or empty.
    """
    text = _read_on_host(container, names)
    if text is not None:
        return ExecResult(exit_code=0, stdout=text)
    paths = [str(PROC / name) for name in names]
    if not any("*" in path for path in paths):
        return ctx.engine.exec(container.id, ["cat", *paths])
    # Errors are dropped: a process may end while `cat` reads its files.
    return ctx.engine.exec(container.id, ["sh", "-c", f"cat {' '.join(paths)} 2>/dev/null"])


def is_on_this_host(container: Container) -> bool:
    """Return whether a running container runs on this host.

    If it runs on another host, a process of this host may have the same process id, but is not in
    the container's control group.
    """
    try:
        return container.pid > 0 and container.id in (_process(container) / "cgroup").read_text()
    except OSError:
        return False


def root(container: Container) -> Path | None:
    """Return the container's root folder as a path on this host: /proc/PID/root, see proc(5).

    None if the container runs on another host, or if the deployer may not access the folder.
    """
    path = _process(container) / "root"
    try:
        return path if is_on_this_host(container) and (path / "proc" / "1").is_dir() else None
    except OSError:
        return None


def _process(container: Container) -> Path:
    return PROC / str(container.pid)


def _read_on_host(container: Container, names: tuple[str, ...]) -> bytes | None:
    """Return the files' contents; None if they cannot be read from the host or are all empty."""
    folder = root(container)
    if folder is None:
        return None
    folders = {
        name: folder.parent if name.startswith(NETWORK) else folder / "proc" for name in names
    }
    text = b"".join(_texts(folders[name], name) for name in names)
    return text or None


def _texts(folder: Path, name: str) -> bytes:
    return b"".join(map(_text, sorted(folder.glob(name))))


def _text(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""  # the process ended while it was read
