"""Read files below /proc as a container's processes see them.

If the container runs on this host and the deployer may look into it, the files are read from the
host: a command in a container costs a busy host a tenth of a second. Otherwise `cat` reads them in
the container.
"""

from __future__ import annotations

from pathlib import Path

from cosmicdeploy.context import Context
from cosmicdeploy.engine.facts import Container, ExecResult

PROC = Path("/proc")
# All processes of a container share one set of network tables.
NETWORK = "net/"


def read(ctx: Context, container: Container, *names: str) -> ExecResult:
    """Return the texts of files, one after the other; a name may be a pattern.

    Raises `EngineError` if the container does not run. Without `cat` in its image the result is the
    engine's message about that.
    """
    text = _read_on_host(container, names)
    if text is not None:
        return ExecResult(exit_code=0, stdout=text)
    paths = [str(PROC / name) for name in names]
    if not any("*" in path for path in paths):
        return ctx.engine.exec(container.id, ["cat", *paths])
    # Some processes end while their files are read: their errors are dropped.
    return ctx.engine.exec(container.id, ["sh", "-c", f"cat {' '.join(paths)} 2>/dev/null"])


def is_on_this_host(container: Container) -> bool:
    """Return whether a running container runs on this host.

    If it runs on another one, the local process of its number is not in its control group.
    """
    try:
        return container.pid > 0 and container.id in (_process(container) / "cgroup").read_text()
    except OSError:
        return False


def root(container: Container) -> Path | None:
    """Return where this host shows the container's root (proc(5), /proc/pid/root).

    None if the container runs on another host, or if the deployer may not look into it.
    """
    path = _process(container) / "root"
    try:
        return path if is_on_this_host(container) and (path / "proc" / "1").is_dir() else None
    except OSError:
        return None


def _process(container: Container) -> Path:
    return PROC / str(container.pid)


def _read_on_host(container: Container, names: tuple[str, ...]) -> bytes | None:
    """Return the files' text; None if they cannot be read from the host or the container ended."""
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
