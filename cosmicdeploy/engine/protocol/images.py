"""The part of the `Engine` protocol that builds, pulls, tags and removes images."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from cosmicdeploy.engine.facts import FileFacts, Image
from cosmicdeploy.stack.model import Build


class EngineImages(Protocol):
    """Local images."""

    def image(self, reference: str) -> Image | None:
        """Return a local image by id or tag; None if it does not exist."""

    def image_files(self, image_id: str, folder: str, project: str) -> Mapping[str, FileFacts]:
        """Return the files of an image below a folder, by their path in it; empty if it has none.

        Creates and removes a container of the project, in which nothing runs.
        """

    def build(
        self,
        build: Build,
        tag: str,
        labels: Mapping[str, str],
        on_line: Callable[[str], None],
    ) -> str:
        """Build and tag an image; return its id. `on_line` receives each line of output.

        Raises `BuildFailed` with the last lines of output, and `Refused` for a Dockerfile that the
        builder would not build as written.
        """

    def pull(
        self, reference: str, on_progress: Callable[[str], None], platform: str | None = None
    ) -> Image:
        """Pull an image by tag or digest; return it. Default platform: the engine's own.

        `on_progress` receives a line for each message of the engine. Raises `PullFailed`, also if
        the engine reports nothing for too long.
        """

    def pull_bases(self, build: Build, on_progress: Callable[[str], None]) -> None:
        """Pull missing base images. Raises as `pull` does, and `Refused` as `build` does."""

    def registry_digest(self, reference: str) -> str:
        """Return the digest that a tag has in its registry, without pulling; "" if it is unknown.

        Raises `PullFailed` if the registry answers that a pull would fail.
        """

    def context_digest(self, build: Build) -> str:
        """Return a SHA-256 digest of everything that decides the image's content.

        That is the Dockerfile, the arguments, the target, the ids of the base images, and the files
        of the build context that it copies or mounts, without what `.dockerignore` excludes. Raises
        `Refused` as `build` does.
        """

    def tag(self, image_id: str, reference: str) -> None:
        """Point a tag to this image."""

    def untag(self, reference: str) -> None:
        """Remove a tag, and the image with its last tag."""

    def remove_unused_image(self, image_id: str) -> None:
        """Remove an image if it has no tag and no container uses it."""
