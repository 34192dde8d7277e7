"""The part of the `Engine` protocol that builds, pulls, tags and removes images."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from cosmicdeploy.engine.facts import FileFacts, Image
from cosmicdeploy.stack.model import Build


class EngineImages(Protocol):
    """The images that the engine has, and how it gets them."""

    def image(self, reference: str) -> Image | None:
        """Return a local image by id or tag; None if the engine does not have the image."""

    def image_history(self, reference: str) -> list[str]:
        """Return the instructions that made an image, newest first; empty without the image.

        The engine shows them to everyone who has the image. Values in them may be secret.
        """

    def image_files(self, image_id: str, folder: str, project: str) -> Mapping[str, FileFacts]:
        """Return the files below a folder of an image, by their path in that folder.

        The result is empty if the image has no such folder. To read them, the method creates a
        container in the project, does not start it, and removes it.
        """

    def builder_of(self, build: Build) -> str:
        """Return the name of the builder that would build an image; build nothing.

        Raises `Refused` and `ConfigError` as `build` does.
        """

    def image_has(self, image_id: str, path: str, project: str) -> bool:
        """Return whether an image has a file, a link or a folder at this path.

        To look for it, the method creates and removes a container as `image_files` does.
        """

    def build(
        self,
        build: Build,
        tag: str,
        labels: Mapping[str, str],
        on_line: Callable[[str], None],
    ) -> str:
        """Build and tag an image; return its id. `on_line` receives each line of output.

        Raises `BuildFailed` with the last lines of output, `Refused` for a Dockerfile that the
        builder would not build as written, and `ConfigError` for a missing or invalid file.
        """

    def pull(
        self, reference: str, on_progress: Callable[[str], None], platform: str | None = None
    ) -> Image:
        """Pull an image by tag or digest, and return it.

        `platform` is the engine's own by default. `on_progress` receives a line for each message of
        the engine. Raises `PullFailed`, also if the engine reports nothing for too long.
        """

    def pull_bases(self, build: Build, on_progress: Callable[[str], None]) -> None:
        """Pull the base images that are missing; with `build.pull`, pull all of them.

        Raises `PullFailed`, and `Refused` and `ConfigError` as `build` does.
        """

    def registry_digest(self, reference: str) -> str:
        """Return the digest that a tag has in its registry, without pulling; "" if unknown.

        Raises `PullFailed` if the registry's answer shows that a pull would fail.
        """

    def context_digest(self, build: Build) -> str:
        """Return a SHA-256 digest of the inputs of a build.

        The digest covers the Dockerfile, the build arguments, other keys of the build section that
        change the image, and the ids of the base images. It also covers the files of the build
        context that the Dockerfile copies or mounts, except those that `.dockerignore` excludes.
        Raises `Refused` and `ConfigError` as `build` does.
        """

    def tag(self, image_id: str, reference: str) -> None:
        """Point a tag to an image, even if it points to another one now."""

    def untag(self, reference: str) -> None:
        """Remove a tag, if it exists; removing an image's last tag removes the image."""

    def remove_unused_image(self, image_id: str) -> None:
        """Remove an image, if it exists, has no tag and is used by no container."""
