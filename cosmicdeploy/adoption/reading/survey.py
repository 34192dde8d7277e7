"""Everything that can be seen of a stack, read once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from cosmicdeploy.adoption.facts import Fact, Note
from cosmicdeploy.adoption.reading.builds_elsewhere import BuildElsewhere
from cosmicdeploy.adoption.reading.declared import Declared, shown_path
from cosmicdeploy.adoption.reading.dockerfile import BuiltImage, read_built_image
from cosmicdeploy.adoption.reading.engine_view import EngineView
from cosmicdeploy.adoption.reading.image_facts import ImageFacts, facts_of_image
from cosmicdeploy.adoption.reading.texts.source_files import MAX_FILES, Sources, sources_of
from cosmicdeploy.adoption.reading.texts.text_file import SearchedText, TextFile
from cosmicdeploy.engine import Container
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.stack.model import Service, Stack


@dataclass(frozen=True)
class Survey:
    """What can be seen of a stack.

    `own_variables` are those of the env file; `variables` also has those of the shell, which
    override them. `built_elsewhere` says how other compose files build images that the stack only
    pulls. `notes` collects what could not be read.
    """

    folder: Path
    stack: Stack
    declared: Declared
    engine: EngineView
    own_variables: Mapping[str, str] = field(repr=False)
    variables: Mapping[str, str] = field(repr=False)
    built_elsewhere: Mapping[str, BuildElsewhere] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)

    @property
    def services(self) -> Mapping[str, Service]:
        return self.stack.services

    @cached_property
    def containers(self) -> Mapping[str, Sequence[Container]]:
        """The active containers of each service."""
        found = self.engine.containers(self.stack.project)
        return {
            name: [each for each in found if each.service == name and each.is_active]
            for name in self.services
        }

    @cached_property
    def built(self) -> Mapping[str, BuiltImage]:
        """What the Dockerfiles say, by service; a Dockerfile that cannot be read gets a note."""
        return dict(self._built())

    def _built(self) -> Iterator[tuple[str, BuiltImage]]:
        builds = {name: each.build for name, each in self.built_elsewhere.items()}
        builds |= {name: each.build for name, each in self.services.items() if each.build}
        for name, build in builds.items():
            try:
                yield name, read_built_image(build, self.folder)
            except CosmicError as error:
                where = shown_path(error.where, self.folder) if error.where else name
                self.add_unread(name, f"its Dockerfile: {error.what} ({where})")
            except OSError as error:
                where = shown_path(str(error.filename or build.context), self.folder)
                self.add_unread(name, f"its build context: {error.strerror} ({where})")

    def add_unread(self, service: str, what: str) -> None:
        """Note a file of a service that should be searched, but cannot be read."""
        note = Note(kind="not read", about=service, what=what)
        if note not in self.notes:
            self.notes.append(note)

    @cached_property
    def images(self) -> Mapping[str, ImageFacts]:
        """What is known about the image of each service."""
        return {name: self._image(name) for name in self.services}

    def _image(self, name: str) -> ImageFacts:
        service = self.services[name]
        built = self.built.get(name)
        running = [each.image_id for each in self.containers[name]]
        references = [service.image, *running]
        found = next((image for each in references if (image := self.engine.image(each))), None)
        # A name that Compose derives has the words of the project and the service: it says nothing.
        facts = facts_of_image(found, service.image if service.declares_image else "")
        if built is None or (name in self.built_elsewhere and found is not None):
            return facts
        base = facts_of_image(self.engine.image(built.base), built.base)
        # The image on the engine may be of an older release: the Dockerfile counts first.
        return built.facts.over(base).over(facts)

    @cached_property
    def sources(self) -> Mapping[str, Sources]:
        """The source files of each service; a service with too many of them gets a note."""
        sources = {
            name: sources_of(service, self._built_files(name), self.folder)
            for name, service in self.services.items()
        }
        for name, own in sources.items():
            if own.is_cut:
                self.add_unread(name, f"its sources, except {MAX_FILES:,} files near the top")
        return sources

    def _built_files(self, name: str) -> Iterator[tuple[str, str]]:
        built = self.built.get(name)
        for file in built.files if built else ():
            if file.is_regular:
                yield file.name, file.path

    def command(self, name: str) -> Fact[str]:
        """Return the command line of a service's containers as one text; "" if it is unknown."""
        service, image = self.services[name], self.images[name]
        entrypoint: Sequence[str] = image.entrypoint.value if image.entrypoint else ()
        command: Sequence[str] = image.command.value if image.command else ()
        known = image.command or image.entrypoint
        evidence = known.evidence if known else ""
        for key in ("entrypoint", "command"):
            if getattr(service, key) is not None:
                evidence = self.declared.place(name, key)
        if service.entrypoint is not None:
            entrypoint, command = service.entrypoint, ()
        if service.command is not None:
            command = service.command
        return Fact(value=" ".join((*entrypoint, *command)), evidence=evidence)

    def place(self, service: str, *keys: str) -> str:
        """Return "file:line" of a key of a service in the compose files."""
        return self.declared.place(service, *keys)

    def file(self, name: str, path: Path) -> TextFile:
        """Return a file as a text that may be searched; messages name it relative to the folder."""
        return TextFile(name, path, shown_path(str(path), self.folder))

    def text(self, service: str, file: TextFile) -> SearchedText:
        """Return the text of a service's configuration; a file that cannot be read gets a note."""
        if file.problem:
            self.add_unread(service, f"{file.shown}: {file.problem}")
        return file.searched

    def environment_place(self, service: str, name: str) -> str:
        """Return "file:line" of a variable of a service, or of the `env_file` that sets it."""
        if name in self.declared.pairs(service, "environment"):
            return self.declared.pair_place(service, ("environment",), name)
        return f"{self.place(service, 'env_file')}, env_file"
