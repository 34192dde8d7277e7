"""Find the files of a build context that the build can read: what it copies or mounts."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from cosmicdeploy.engine.building.context.files import ContextFile
from cosmicdeploy.engine.building.dockerfile.parse import Instruction
from cosmicdeploy.engine.building.dockerfile.stages import mounts
from cosmicdeploy.engine.building.frontend import frontend
from cosmicdeploy.engine.building.recipe import Recipe

# The path of the context itself, for a build that may read the whole context.
EVERYTHING = ""
_WILDCARD = re.compile(r"[*?\[]")
_REMOTE = re.compile(r"[a-z][a-z0-9+.-]*://|git@")


def files_read(recipe: Recipe) -> list[ContextFile]:
    """Return the files of the context that the build can read, and the folders above them.

    Returns all files if a variable, a symbolic link or an unknown frontend decides which files are
    read.
    """
    files, paths = recipe.source.files, set(_paths(recipe))
    links = [file.name for file in files if not (file.is_regular or file.is_folder)]
    if EVERYTHING in paths or any(_is_in(path, link) for path in paths for link in links):
        return files
    return [file for file in files if any(_is_read(file, path) for path in paths)]


def _is_read(file: ContextFile, path: str) -> bool:
    return _is_in(file.name, path) or (file.is_folder and _is_in(path, file.name))


def _is_in(name: str, path: str) -> bool:
    """Return whether a file's name is this path, or is below this path."""
    return name == path or name.startswith(f"{path}/")


def _paths(recipe: Recipe) -> Iterator[str]:
    """Yield the paths that the build reads; a folder stands for everything in it."""
    if not frontend(recipe).is_known:
        yield EVERYTHING
    for stage in recipe.stages:
        # ONBUILD instructions count too: they run in the stages that start from this one.
        for instruction in stage.instructions:
            yield from map(_path, _sources(instruction))
    for triggers in recipe.triggers.values():
        for instruction in triggers:
            yield from map(_path, _sources(instruction))


def _sources(instruction: Instruction) -> Iterator[str]:
    """Yield the paths in the context that an instruction copies or mounts, as written."""
    if instruction.keyword in ("COPY", "ADD") and instruction.flag("from") is None:
        for word in instruction.words()[:-1]:
            if not word.startswith("<<") and not _REMOTE.match(word):
                yield word
    for options in mounts(instruction):
        if options["type"] == "bind" and not options.get("from"):
            yield options.get("source") or options.get("src") or "."


def _path(source: str) -> str:
    """Return the file or folder that contains everything that `source` can mean.

    For a source with a wildcard this is the folder above the wildcard. For a source with a variable
    or an escape, it is `EVERYTHING`.
    """
    if "$" in source or "\\" in source:
        return EVERYTHING
    path, match = source, _WILDCARD.search(source)
    if match:
        path = posixpath.dirname(source[: match.start()])
    return posixpath.normpath(f"/{path}").lstrip("/")
