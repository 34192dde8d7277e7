"""Find all compose files of a stack, and their features that only Compose can resolve."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.files.yaml_reader import Document, read
from cosmicdeploy.stack.merging.loader import TagLoader, first_tag
from cosmicdeploy.stack.variables.interpolate import interpolate


@dataclass(frozen=True)
class Need:
    """A feature of the compose files that only Compose can resolve, and its "file:line"."""

    what: str
    where: str


@dataclass(frozen=True)
class Sources:
    """The compose files of a stack.

    `named` are the files that the settings name, in that order. `included` are files that an
    `include` names. `extended` are files from which an `extends` takes a single service.
    """

    named: tuple[Document, ...] = ()
    included: tuple[Document, ...] = ()
    extended: tuple[Document, ...] = ()

    @property
    def need(self) -> Need | None:
        """The first thing that only Compose can resolve; None for one plain file."""
        if len(self.named) > 1:
            return Need("several compose files", self.named[1].location())
        return next(_needs(self.named[0]), None)

    @property
    def all(self) -> tuple[Document, ...]:
        """All files; a file comes before the files that it overrides."""
        return (*reversed(self.named), *self.included, *self.extended)

    @property
    def service_names(self) -> frozenset[str]:
        """The names of all services, including those whose profiles are inactive."""
        documents = (*self.named, *self.included)
        return frozenset(name for each in documents for name in services_of(each))


def read_sources(files: tuple[Path, ...], variables: Mapping[str, str]) -> Sources:
    """Read the named files, and the files that they include or extend.

    Raises `ConfigError` if a named file is missing or any file is unusable. An included or extended
    file that is missing is left out: Compose reports it.
    """
    named = tuple(_document(file) for file in files)
    finder = _Finder(files[0].absolute().parent, variables, {file.resolve() for file in files})
    for document in named:
        finder.follow(document)
    return Sources(named, tuple(finder.included), tuple(finder.extended))


def services_of(document: Document) -> dict[str, dict[str, Any]]:
    """Return the services of a file by name, without `x-*` keys and invalid entries."""
    services = document.data.get("services")
    items = services.items() if isinstance(services, dict) else ()
    return {key: each for key, each in items if isinstance(each, dict) and not key.startswith("x-")}


def extended_service(service: Mapping[str, Any]) -> tuple[str | None, str] | None:
    """Return the file and the name of the service that this service extends.

    The file is None if it is the service's own. Returns None without a valid `extends`.
    """
    match service.get("extends"):
        case str(name):
            return None, name
        case {"service": str(name), "file": str(file)}:
            return file, name
        case {"service": str(name)}:
            return None, name
    return None


def _document(file: Path) -> Document:
    if not file.is_file():
        raise ConfigError(
            f"Compose file {file.name} not found",
            where=str(file),
            todo="check the name of the compose file in the configuration",
        )
    return read(file, TagLoader)


def _needs(document: Document) -> Iterator[Need]:
    if document.data.get("include"):
        yield Need("'include'", document.location("include"))
    for name, service in services_of(document).items():
        if service.get("extends"):
            yield Need("'extends'", document.location("services", name, "extends"))
    if (tag := first_tag(document)) is not None:
        yield Need(f"the tag '{tag[0]}'", f"{document.path}:{tag[1]}")


@dataclass
class _Finder:
    """Follows `include` and `extends` from file to file; each file is read once."""

    directory: Path
    variables: Mapping[str, str]
    known: set[Path]

    def __post_init__(self) -> None:
        self.included: list[Document] = []
        self.extended: list[Document] = []

    def follow(self, document: Document) -> None:
        for text in _included_paths(document):
            self._read(document, text, self.included)
        for service in services_of(document).values():
            target = extended_service(service)
            if target is not None and target[0] is not None:
                self._read(document, target[0], self.extended)

    def _read(self, document: Document, text: str, into: list[Document]) -> None:
        file = self._existing(document, text)
        if file is not None and file.resolve() not in self.known:
            self.known.add(file.resolve())
            into.append(read(file, TagLoader))
            self.follow(into[-1])

    def _existing(self, document: Document, text: str) -> Path | None:
        with suppress(ConfigError):  # Compose reports the invalid expression
            text = interpolate(text, self.variables, str(document.path))
        folders = (document.path.absolute().parent, self.directory)
        return next((folder / text for folder in folders if (folder / text).is_file()), None)


def _included_paths(document: Document) -> Iterator[str]:
    entries = document.data.get("include")
    for entry in entries if isinstance(entries, list) else ():
        paths = entry.get("path") if isinstance(entry, dict) else entry
        for path in paths if isinstance(paths, list) else (paths,):
            if isinstance(path, str):
                yield path
