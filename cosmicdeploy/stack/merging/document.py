"""A document that Compose merged from several files; its errors name the original ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from cosmicdeploy.files.yaml_reader import Document
from cosmicdeploy.stack.merging.sources import Sources, extended_service, services_of

Keys = tuple[str | int, ...]


@dataclass(frozen=True)
class MergedDocument(Document):
    """Merged values; the location of one is that of the file that most likely brought it."""

    sources: Sources = field(default_factory=Sources)

    def location(self, *keys: str | int) -> str:
        """Return "file:line" of the value, or of its closest known parent, in an original file.

        The last file that has the key counts; a list's items may come from several files.
        """
        found = [(document, document.locate(*known)) for document, known in self._candidates(keys)]
        if not found:
            return str(self.path)
        document, (_, line) = max(found, key=lambda pair: pair[1][0])
        return f"{document.path}:{line}"

    def _candidates(self, keys: Keys) -> Iterator[tuple[Document, Keys]]:
        """Yield each file with the keys under which it may have the value."""
        for document in (*reversed(self.sources.named), *self.sources.included):
            yield document, keys
            if len(keys) > 1 and keys[0] == "services":
                yield from self._extended(document, keys, frozenset())

    def _extended(
        self, document: Document, keys: Keys, known: frozenset[tuple[str, str]]
    ) -> Iterator[tuple[Document, Keys]]:
        """Yield the services that the one at `keys` extends, from the nearest on."""
        here = (str(document.path), str(keys[1]))
        service = services_of(document).get(str(keys[1]))
        target = None if service is None or here in known else extended_service(service)
        if target is None:
            return
        name = None if target[0] is None else target[0].rpartition("/")[2]
        for other in self.sources.all:
            if other is document if name is None else other.path.name == name:
                moved = ("services", target[1], *keys[2:])
                yield other, moved
                yield from self._extended(other, moved, known | {here})
