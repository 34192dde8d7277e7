"""Build, pull, tag and remove images through the Docker SDK."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cosmicdeploy.engine.building import build_context, image_build, images
from cosmicdeploy.engine.building.builders.choice import buildable
from cosmicdeploy.engine.connection import translated
from cosmicdeploy.engine.docker_engine.api import DockerApi
from cosmicdeploy.engine.facts import FileFacts, Image
from cosmicdeploy.engine.image_files import image_files, image_has
from cosmicdeploy.engine.registry import bases, pull
from cosmicdeploy.stack.model import Build


class DockerImages(DockerApi):
    """`EngineImages` on the Docker SDK."""

    def image(self, reference: str) -> Image | None:
        with translated("Inspecting an image", reference):
            return images.find(self._api, reference)

    def image_history(self, reference: str) -> list[str]:
        with translated("Reading the history of an image", reference):
            return images.history(self._api, reference)

    def image_files(self, image_id: str, folder: str, project: str) -> Mapping[str, FileFacts]:
        with translated("Reading the files of an image", f"{image_id[:19]}: {folder}"):
            return image_files(self._api, image_id, folder, project)

    def builder_of(self, build: Build) -> str:
        with translated("Reading how an image is built", str(build.context)):
            _, builder = buildable(self._api, build)
        return builder.name

    def image_has(self, image_id: str, path: str, project: str) -> bool:
        with translated("Reading the files of an image", f"{image_id[:19]}: {path}"):
            return image_has(self._api, image_id, path, project)

    def build(
        self,
        build: Build,
        tag: str,
        labels: Mapping[str, str],
        on_line: Callable[[str], None],
    ) -> str:
        image_id = image_build.build_image(self._api, build, tag, labels, on_line)
        # The build request sets no tag: if the run is interrupted, the engine may still finish the
        # build, which must not move the tag then.
        self.tag(image_id, tag)
        return image_id

    def pull(
        self, reference: str, on_progress: Callable[[str], None], platform: str | None = None
    ) -> Image:
        return pull.pull(self._api, reference, on_progress, platform)

    def pull_bases(self, build: Build, on_progress: Callable[[str], None]) -> None:
        bases.pull_bases(self._api, build, on_progress)

    def registry_digest(self, reference: str) -> str:
        return pull.registry_digest(self._api, reference)

    def context_digest(self, build: Build) -> str:
        with translated("Reading the build context", str(build.context)):
            return build_context.context_digest(self._api, build)

    def tag(self, image_id: str, reference: str) -> None:
        with translated("Tagging an image", reference):
            images.tag(self._api, image_id, reference)

    def untag(self, reference: str) -> None:
        with translated("Removing a tag", reference):
            images.untag(self._api, reference)

    def remove_unused_image(self, image_id: str) -> None:
        with translated("Removing an image", image_id[:19]):
            images.remove_unused_image(self._api, image_id)
