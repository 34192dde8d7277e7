"""The compose files as written: values with their variables, and the lines that they stand on."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cosmicdeploy.stack.merging.document import Keys, MergedDocument
from cosmicdeploy.stack.merging.sources import Sources, read_sources
from cosmicdeploy.stack.model import ComposeFiles
from cosmicdeploy.text.sanitize import sanitized


@dataclass(frozen=True)
class Declared:
    """What the compose files say about each service, before variables are resolved."""

    folder: Path
    document: MergedDocument

    def place(self, service: str, *keys: str | int) -> str:
        """Return "file:line" of a key of a service, or of its closest known parent."""
        return shown_path(self.document.location("services", service, *keys), self.folder)

    def pairs(self, service: str, *keys: str) -> Mapping[str, Any]:
        """Return the pairs of a mapping, or of a list of texts such as "name=value", as written.

        A name without a value maps to None. A file that overrides others counts first.
        """
        pairs: dict[str, Any] = {}
        for value in self._values(service, *keys):
            for name, each in _pairs(value):
                pairs.setdefault(name, each)
        return pairs

    def value(self, service: str, *keys: str) -> Any:
        """Return a value as written; None if no file has it."""
        return next(self._values(service, *keys), None)

    def pair_place(self, service: str, keys: tuple[str, ...], name: str) -> str:
        """Return "file:line" of a pair by its name, whether the pairs are a mapping or a list."""
        for document, path in self.document.candidates(("services", service, *keys)):
            value = _at(document.data, path)
            if isinstance(value, dict) and name in value:
                return shown_path(document.location(*path, name), self.folder)
            if isinstance(value, list):
                for index, item in enumerate(value):
                    if isinstance(item, str) and item.partition("=")[0] == name:
                        return shown_path(document.location(*path, index), self.folder)
        return self.place(service, *keys)

    def _values(self, service: str, *keys: str) -> Iterator[Any]:
        for document, path in self.document.candidates(("services", service, *keys)):
            value = _at(document.data, path)
            if value is not None:
                yield value


def read_declared(files: ComposeFiles, variables: Mapping[str, str], folder: Path) -> Declared:
    """Read the compose files as written; `folder` is the one that places are relative to.

    Raises `ConfigError` if a file cannot be used.
    """
    sources: Sources = read_sources(files.files, variables)
    document = MergedDocument(path=files.files[0], data={}, sources=sources)
    return Declared(folder=folder, document=document)


def shown_path(text: str, folder: Path) -> str:
    """Return a path, or "file:line", relative to the stack's folder and safe to print.

    A path that is not below the parent of that folder stays as it is.
    """
    path, colon, line = text.rpartition(":")
    if not (colon and line.isdecimal()):
        path, colon, line = text, "", ""
    relative = os.path.relpath(path, folder)
    short = path if relative.startswith("../..") else relative
    return f"{one_line(short)}{colon}{line}"


def one_line(text: str) -> str:
    """Return foreign text on one line and without control characters."""
    return sanitized(" ".join(text.split()))


def _pairs(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        yield from value.items()
    for item in value if isinstance(value, list) else ():
        if isinstance(item, str):
            name, equals, text = item.partition("=")
            yield name, text if equals else None


def _at(data: Any, path: Keys) -> Any:
    """Return the value under a path of keys and indexes; None if there is none."""
    for key in path:
        is_index = isinstance(key, int) and isinstance(data, list) and key < len(data)
        if not (is_index or (isinstance(data, dict) and key in data)):
            return None
        data = data[key]
    return data
