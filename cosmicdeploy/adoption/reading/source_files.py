"""The application's source files, and the configuration files of proxies, as bounded texts."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from cosmicdeploy.adoption.reading.declared import shown_path
from cosmicdeploy.stack.model import Service

# Limits for one service; beyond them the rest is left out.
MAX_FILES = 3000
MAX_BYTES = 256 << 10
MAX_TOTAL = 8 << 20
_CODE = {
    ".cjs", ".conf", ".cs", ".ex", ".exs", ".go", ".ini", ".java", ".js", ".jsx", ".kt", ".mjs",
    ".php", ".properties", ".py", ".rb", ".rs", ".scala", ".ts", ".tsx",
}  # fmt: skip
# Folders of dependencies, tests and results, whose files say nothing about the application itself.
_FOREIGN = {
    ".git", ".venv", "__pycache__", "bower_components", "build", "dist", "docs", "fixtures",
    "migrations", "node_modules", "public", "site-packages", "spec", "static", "storage", "test",
    "tests", "vendor", "venv",
}  # fmt: skip
# A secret is never read, nor what may hold one.
_SECRET = {".env", ".key", ".pem", ".crt", ".p12", ".pfx"}


@dataclass(frozen=True)
class TextFile:
    """A file that may be read: its name in the sources, its path, and how messages name it."""

    name: str
    path: Path
    shown: str

    @cached_property
    def text(self) -> str:
        """The content; "" if it is no text, too large, or cannot be read."""
        try:
            if not self.path.is_file() or self.path.stat().st_size > MAX_BYTES:
                return ""
            text = self.path.read_bytes().decode("utf-8-sig")
        except (OSError, UnicodeDecodeError):
            return ""
        return "" if "\0" in text else text

    def place(self, position: int) -> str:
        """Return "file:line" of a position in the text."""
        return f"{self.shown}:{self.text.count(chr(10), 0, position) + 1}"


@dataclass(frozen=True)
class Sources:
    """The files of an application, those near the top first."""

    files: Sequence[TextFile] = ()

    def named(self, *names: str) -> TextFile | None:
        """Return the first file whose path is, or ends in, one of these names."""
        return next((each for each in self.files if _ends_in(each.name, names)), None)

    def code(self) -> Iterator[TextFile]:
        """Yield the files of the application's own code that are texts."""
        left = MAX_TOTAL
        for each in self.files:
            path = PurePosixPath(each.name)
            if path.suffix in _CODE and not _FOREIGN.intersection(path.parts[:-1]):
                left -= len(each.text)
                if left < 0:
                    return
                yield each


def sources_of(service: Service, built: Iterable[tuple[str, str]], folder: Path) -> Sources:
    """Return the files of a service: those that its build reads, and those that it mounts.

    `built` are pairs of a name in the build context and a path. Only mounts from the stack's folder
    count, and no secrets.
    """
    files = {path: name for name, path in built if not is_secret(name)}
    for mount in service.mounts:
        source = Path(mount.source)
        is_own = mount.type == "bind" and not mount.key.startswith("secrets.")
        if is_own and source.is_relative_to(folder) and source != folder:
            files.update({str(path): name for name, path in below(source)})
    ordered = sorted(files.items(), key=lambda pair: (pair[1].count("/"), pair[1]))[:MAX_FILES]
    found = (TextFile(name, Path(path), shown_path(path, folder)) for path, name in ordered)
    return Sources(tuple(found))


def below(path: Path) -> Iterator[tuple[str, Path]]:
    """Yield the name and path of a file, or of the files below a folder, without secrets."""
    if path.is_file():
        if not is_secret(path.name):
            yield path.name, path
        return
    count = 0
    for parent, folders, names in os.walk(path):
        folders[:] = sorted(each for each in folders if each not in _FOREIGN)
        for name in sorted(names):
            if is_secret(name):
                continue
            count += 1
            if count > MAX_FILES:
                return
            file = Path(parent, name)
            yield file.relative_to(path).as_posix(), file


def is_secret(name: str) -> bool:
    """Return whether a file may hold secrets, by its name."""
    path = PurePosixPath(name)
    return path.name.startswith(".env") or path.suffix in _SECRET


def search(
    files: Iterable[TextFile], find: Callable[[TextFile], Iterable[tuple[str, int]]]
) -> Mapping[str, str]:
    """Return what `find` finds in the files, each with "file:line" of its first place."""
    found: dict[str, str] = {}
    for file in files:
        for value, position in find(file):
            if value not in found:
                found[value] = file.place(position)
    return found


def _ends_in(name: str, endings: Sequence[str]) -> bool:
    return any(name == each or name.endswith(f"/{each}") for each in endings)
