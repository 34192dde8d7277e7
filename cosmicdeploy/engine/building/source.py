"""Read the Dockerfile and the context from which an image is built."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cosmicdeploy.engine.building.context.files import ContextFile, context_files
from cosmicdeploy.engine.building.context.ignore_file import NAME, read_ignore_rules
from cosmicdeploy.engine.building.dockerfile.parse import Dockerfile, parse_dockerfile
from cosmicdeploy.errors import ConfigError
from cosmicdeploy.files.bounds import read_bounded
from cosmicdeploy.stack.model import Build


@dataclass(frozen=True)
class BuildSource:
    """A build section of the compose file, with the text of its Dockerfile.

    `file` is None if the section itself contains the Dockerfile (`dockerfile_inline`).
    """

    build: Build
    text: str
    file: Path | None

    @property
    def where(self) -> str:
        """The location of the Dockerfile, for errors."""
        return str(self.file) if self.file else f"dockerfile_inline, context {self.build.context}"

    @cached_property
    def dockerfile(self) -> Dockerfile:
        return parse_dockerfile(self.text)

    @property
    def own_ignore_file(self) -> Path | None:
        """The ignore file of this Dockerfile alone, such as `web.Dockerfile.dockerignore`.

        If it exists, builds with this Dockerfile do not use `.dockerignore`.
        """
        own = self.file.with_name(f"{self.file.name}{NAME}") if self.file else None
        return own if own and own.is_file() else None

    @property
    def ignore_file(self) -> Path | None:
        """The ignore file that applies to this build; None if there is none."""
        common = self.build.context / NAME
        return self.own_ignore_file or (common if common.is_file() else None)

    @cached_property
    def files(self) -> list[ContextFile]:
        """The files of the context that the ignore file does not exclude."""
        context = self.build.context
        own = {os.path.relpath(each, context.resolve()) for each in self.build.own_folders}
        return context_files(context, read_ignore_rules(self.ignore_file), own)

    @cached_property
    def name_in_context(self) -> str | None:
        """The Dockerfile's name in the context; None if the context does not contain it.

        The context does not contain the Dockerfile if its text stands in the compose file, if the
        Dockerfile is outside of the context's folder, if the ignore file excludes the Dockerfile,
        or if its path has a symbolic link.
        """
        if self.file is None:
            return None
        name = os.path.relpath(self.file, self.build.context)
        is_there = any(file.name == name and file.is_regular for file in self.files)
        return name if is_there else None


def read_source(build: Build) -> BuildSource:
    """Read the Dockerfile of a build.

    Raises `ConfigError` if the Dockerfile is missing or too large, or if the context is missing.
    """
    if not build.context.is_dir():
        raise ConfigError(
            "The build context is not a folder",
            where=str(build.context),
            todo="correct build.context in the compose file",
        )
    if build.dockerfile_inline is not None:
        return BuildSource(build, build.dockerfile_inline, None)
    file = Path(os.path.normpath(build.context / build.dockerfile))
    if not file.is_file():
        raise ConfigError(
            "Dockerfile not found",
            where=str(file),
            todo="check build.context and build.dockerfile in the compose file",
        )
    return BuildSource(build, read_bounded(file).decode("utf-8", "surrogateescape"), file)
