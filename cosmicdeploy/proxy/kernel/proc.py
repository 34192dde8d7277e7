"""What the kernel tells of a container's processes: files below /proc, as they see them.

Where a container runs on this host and we may look into it, they are read from here: a command in a
container costs a host at work a tenth of a second. Else `cat` reads them there.
"""

from __future__ import annotations

from pathlib import Path

from cosmicdeploy.context import Context
from cosmicdeploy.engine.facts import Container, ExecResult

PROC = Path("/proc")
# Of a network there is one set of tables, whichever process is asked.
NETWORK = "net/"


def read(ctx: Context, container: Container, *names: str) -> ExecResult:
    """The texts of files, one after the other; of a pattern those that are there. Nothing is to be
    had of a container that does not run. Raises `EngineError` where there is no `cat`."""
    text = _from_here(container, names)
    if text is not None:
        return ExecResult(exit_code=0, stdout=text)
    paths = [str(PROC / name) for name in names]
    if not any("*" in path for path in paths):
        return ctx.engine.exec(container.id, ["cat", *paths])
    # Some end while they are read.
    return ctx.engine.exec(container.id, ["sh", "-c", f"cat {' '.join(paths)} 2>/dev/null"])


def root(container: Container) -> Path | None:
    """Where this host shows a container's root (proc(5), /proc/pid/root). None where its first
    process is another host's: what has that number here is in no control group of its name."""
    own = PROC / str(container.pid)
    try:
        ours = container.pid > 0 and container.id in (own / "cgroup").read_text()
        return own / "root" if ours and (own / "root" / "proc" / "1").is_dir() else None
    except OSError:
        return None


def _from_here(container: Container, names: tuple[str, ...]) -> bytes | None:
    """None where it cannot be seen from here, or ended meanwhile."""
    shown = root(container)
    if shown is None:
        return None
    places = {name: shown.parent if name.startswith(NETWORK) else shown / "proc" for name in names}
    text = b"".join(_texts(places[name], name) for name in names)
    return text or None


def _texts(place: Path, name: str) -> bytes:
    return b"".join(map(_text, sorted(place.glob(name))))


def _text(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""  # it ended while it was read
