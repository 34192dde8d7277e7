"""A document that Compose merged from several files, with locations in the original files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from cosmicdeploy.files.yaml_reader import Document
from cosmicdeploy.stack.merging.sources import Sources, extended_service, services_of

Keys = tuple[str | int, ...]


@dataclass(frozen=True)
class MergedDocument(Document):
    """The merged values; the location of a value is in the file from which it most likely comes."""

    sources: Sources = field(default_factory=Sources)

    def location(self, *keys: str | int) -> str:
        """Return "file:line" of the value, or of its closest known parent, in an original file.

        Chooses the file that has the most of the keys. If several have equally many, chooses the
        last file that the settings name, or else an included file. For an item of a list this is a
        guess, since Compose joins lists.
        """
        found = [(document, document.locate(*known)) for document, known in self.candidates(keys)]
        if not found:
            return str(self.path)
        document, (_, line) = max(found, key=lambda pair: pair[1][0])
        return f"{document.path}:{line}"

    def candidates(self, keys: Keys) -> Iterator[tuple[Document, Keys]]:
        """Yield each file with the keys under which it may have the value.

        A file that overrides others comes before them.
        """
        for document in (*reversed(self.sources.named), *self.sources.included):
            yield document, keys
            if len(keys) > 1 and keys[0] == "services":
                yield from self._extended(document, keys, frozenset())

    def _extended(
        self, document: Document, keys: Keys, visited: frozenset[tuple[str, str]]
    ) -> Iterator[tuple[Document, Keys]]:
        """Yield the chain of services that the service at `keys` extends, the nearest one first.

        Each is given by its file and keys. The file that `extends` names is recognized without its
        folders. `visited` has the file and name of each service that was followed already, to stop
        at a circle.
        """
        current = (str(document.path), str(keys[1]))
        service = services_of(document).get(str(keys[1]))
        target = None if service is None or current in visited else extended_service(service)
        if target is None:
            return
        name = None if target[0] is None else target[0].rpartition("/")[2]
        for other in self.sources.all:
            is_named = other is document if name is None else other.path.name == name
            if is_named:
                moved = ("services", target[1], *keys[2:])
                yield other, moved
                yield from self._extended(other, moved, visited | {current})
