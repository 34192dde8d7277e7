"""List the files of a build context that the ignore file does not exclude."""

from __future__ import annotations

import hashlib
import os
import posixpath
import stat
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cosmicdeploy.engine.building.context.ignore_file import IgnoreRules, Matches

_CHUNK = 1 << 20


@dataclass(frozen=True)
class ContextFile:
    """A file, folder or symbolic link of a build context.

    `name` is relative to the context, with slashes. `path` is a string, since `Path` objects cost
    time in a context of many thousand files. `mode` is as in `os.stat`: type and permissions.
    `size` is in bytes, `modified` a Unix time.
    """

    name: str
    path: str
    mode: int
    size: int = 0
    modified: int = 0

    @property
    def is_folder(self) -> bool:
        return stat.S_ISDIR(self.mode)

    @property
    def is_regular(self) -> bool:
        return stat.S_ISREG(self.mode)

    @property
    def permissions(self) -> int:
        """The permissions; 777 for a symbolic link, since its permissions have no meaning."""
        return 0o777 if stat.S_ISLNK(self.mode) else stat.S_IMODE(self.mode)

    def chunks(self) -> Iterator[bytes]:
        """Yield the content of a regular file piece by piece."""
        with open(self.path, "rb") as content:  # noqa: PTH123
            while chunk := content.read(_CHUNK):
                yield chunk

    def facts(self) -> str:
        """Return everything about this file that affects an image: name, permissions, content.

        The time of modification and the owner are not included.
        """
        if self.is_folder:
            return f"{self.name} {self.permissions:o}"
        if not self.is_regular:
            return f"{self.name} -> {os.readlink(self.path)}"  # noqa: PTH115 - keeps the text
        digest = hashlib.sha256()
        for chunk in self.chunks():
            digest.update(chunk)
        return f"{self.name} {self.permissions:o} {digest.hexdigest()}"


def context_files(
    context: Path, rules: IgnoreRules, own: Collection[str] = ()
) -> list[ContextFile]:
    """Return the files that the ignore file does not exclude, each folder before its content.

    The folders of an included file are included as well. FIFOs, sockets and devices are left out:
    they have no content to build from, and opening a FIFO would wait for its other end. A file that
    is removed while its folder is listed is left out as well. `own` are the deployer's own folders,
    relative to the context; they are left out, and not even read, because their content changes
    with each deploy, and at other times.
    """
    files = list(_below(str(context), "", rules, (), own))
    kept = {folder for file in files for folder in _folders(file.name)}
    # A folder that holds nothing but the deployer's folders is left out: it exists only for them.
    around = {folder for name in own for folder in _folders(name)} - kept
    return sorted((f for f in files if f.name not in around), key=lambda file: file.name)


def _folders(name: str) -> Iterator[str]:
    """Yield the folders above a path, without the context itself."""
    while name := posixpath.dirname(name):
        yield name


def _below(
    folder: str, prefix: str, rules: IgnoreRules, parent: Matches, own: Collection[str]
) -> Iterator[ContextFile]:
    for file in _listed(folder, prefix, own):
        excluded, matches = rules.match(file.name, parent)
        if file.is_folder:
            yield from _folder(file, excluded, rules, matches, own)
        elif not excluded and (file.is_regular or stat.S_ISLNK(file.mode)):
            yield file


def _folder(
    folder: ContextFile, excluded: bool, rules: IgnoreRules, matches: Matches, own: Collection[str]
) -> Iterator[ContextFile]:
    if excluded and not rules.includes_below(folder.name):
        return
    content: list[ContextFile] = []
    with suppress(FileNotFoundError):  # the folder was removed since it was listed
        content = list(_below(folder.path, f"{folder.name}/", rules, matches, own))
    if content or not excluded:
        yield folder
    yield from content


def _listed(folder: str, prefix: str, own: Collection[str]) -> Iterator[ContextFile]:
    """Yield what a folder holds, without the deployer's own folders."""
    with os.scandir(folder) as entries:
        for entry in entries:
            name = prefix + entry.name
            if name not in own:
                with suppress(FileNotFoundError):
                    yield _context_file(entry, name)


def _context_file(entry: os.DirEntry[str], name: str) -> ContextFile:
    facts = entry.stat(follow_symlinks=False)
    return ContextFile(name, entry.path, facts.st_mode, facts.st_size, int(facts.st_mtime))
