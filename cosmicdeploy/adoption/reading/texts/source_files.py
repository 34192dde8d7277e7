"""The application's source files, and the configuration files of proxies, as bounded texts."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath

from cosmicdeploy.adoption.reading.declared import shown_path
from cosmicdeploy.adoption.reading.texts.secrecy import is_secret_file
from cosmicdeploy.adoption.reading.texts.text_file import TextFile
from cosmicdeploy.stack.model import Service

# Limits for one service; what exceeds them is left out. Each folder has the limit of files, too.
MAX_FILES = 3000
MAX_TOTAL = 8 << 20
_CODE = {
    ".cjs", ".conf", ".cs", ".ex", ".exs", ".go", ".ini", ".java", ".js", ".jsx", ".kt", ".mjs",
    ".php", ".properties", ".py", ".rb", ".rs", ".scala", ".ts", ".tsx",
}  # fmt: skip
# Folders of migrations say which framework runs them, but nothing else about the application.
_MIGRATIONS = "migrations"
# Folders of dependencies, tests and results, whose files say nothing about the application itself.
_FOREIGN = {
    ".git", ".venv", "__pycache__", "bower_components", "build", "dist", "docs", "fixtures",
    _MIGRATIONS, "node_modules", "public", "site-packages", "spec", "static", "storage", "test",
    "tests", "vendor", "venv",
}  # fmt: skip


@dataclass(frozen=True)
class Sources:
    """The files of an application, those near the top first.

    `is_cut`: there are more of them, which are not searched.
    """

    files: Sequence[TextFile] = ()
    is_cut: bool = False

    def named(self, *names: str) -> TextFile | None:
        """Return the first file whose path is, or ends in, one of these names."""
        return next((each for each in self.files if _ends_in(each.name, names)), None)

    def own(self) -> Iterator[TextFile]:
        """Yield the files that belong to no dependency, test or result; migrations count."""
        foreign = _FOREIGN - {_MIGRATIONS}
        for each in self.files:
            if not foreign.intersection(PurePosixPath(each.name).parts[:-1]):
                yield each

    def code(self) -> Iterator[TextFile]:
        """Yield the files of the application's own code, until their texts exceed `MAX_TOTAL`."""
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

    `built` are pairs of a name in the build context and a path. Only mounts from below the stack's
    folder count, and no secrets.
    """
    files = {path: name for name, path in built if not is_secret_file(name)}
    for mount in service.mounts:
        source = Path(mount.source)
        is_own = mount.type == "bind" and not mount.key.startswith("secrets.")
        if is_own and source.is_relative_to(folder) and source != folder:
            files.update({str(path): name for name, path in below(source)})
    ordered = sorted(files.items(), key=lambda pair: (pair[1].count("/"), pair[1]))
    kept = [(name, Path(path), shown_path(path, folder)) for path, name in ordered[:MAX_FILES]]
    return Sources([TextFile(*each) for each in kept], is_cut=len(ordered) > MAX_FILES)


def access_problem(path: Path) -> str:
    """Return why a file or folder cannot be read; "" if it can."""
    try:
        path.stat()
    except OSError as error:
        return error.strerror or "it cannot be read"
    mode = os.R_OK | os.X_OK if path.is_dir() else os.R_OK
    return "" if os.access(path, mode) else os.strerror(errno.EACCES)


def below(path: Path) -> Iterator[tuple[str, Path]]:
    """Yield the name and path of a file, or of the files below a folder, without secrets.

    Links that lead out of the folder are left out: in a container they mean other files.
    """
    if access_problem(path):
        return
    if path.is_file():
        if not is_secret_file(path.name):
            yield path.name, path
        return
    # One file more than is searched, so that the caller notices that there are more.
    for file in islice(_walked(path), MAX_FILES + 1):
        if file.is_symlink() and not file.resolve().is_relative_to(path.resolve()):
            continue
        if not is_secret_file(file.name):
            yield file.relative_to(path).as_posix(), file


def _walked(folder: Path) -> Iterator[Path]:
    for count, (parent, folders, names) in enumerate(os.walk(folder)):
        if count == MAX_FILES:
            return
        folders[:] = sorted(each for each in folders if each not in _FOREIGN)
        yield from (Path(parent, name) for name in sorted(names))


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
