"""Build with the engine's classic builder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from docker import APIClient

from cosmicdeploy.engine.building.builders.limits.classic_limits import classic_problems
from cosmicdeploy.engine.building.builders.limits.problems import refuse
from cosmicdeploy.engine.building.builders.parameters import build_parameters
from cosmicdeploy.engine.building.builders.post import engine_gone, post_build
from cosmicdeploy.engine.building.builders.protocol import FailedBuild, OnLine
from cosmicdeploy.engine.building.context.archive import packed
from cosmicdeploy.engine.building.context.ignore_file import NAME
from cosmicdeploy.engine.building.recipe import Recipe

_DOCKERFILE = ".cosmicdeploy.dockerfile"
# The beginnings of the builder's own lines of output, which are not shown.
_OWN_LINES = (" --->", "Removing intermediate", "Successfully")


@dataclass(frozen=True)
class ClassicBuilder:
    """`Builder` that uses the engine's classic builder: `POST /build?version=1`."""

    api: APIClient
    name: str = "the classic builder"

    def require_buildable(self, recipe: Recipe) -> None:
        refuse(
            "Docker's classic builder would not build the Dockerfile as written",
            classic_problems(recipe),
        )

    def build(self, recipe: Recipe, labels: Mapping[str, str], on_line: OnLine) -> str:
        dockerfile, texts = _dockerfile(recipe)
        files = [file for file in recipe.source.files if file.name not in texts]
        parameters = {
            **build_parameters(self.api, recipe, labels),
            "version": "1",
            "dockerfile": dockerfile,
            "rm": "1",
            "forcerm": "1",
        }
        image_id = ""
        with post_build(self.api, packed(files, texts), parameters) as messages:
            for message in messages:
                image_id = (message.get("aux") or {}).get("ID", image_id)
                for line in _lines(message):
                    on_line(line)
                if "error" in message:
                    raise FailedBuild(str(message["error"]).strip())
        if not image_id:
            raise engine_gone()
        return image_id


def _dockerfile(recipe: Recipe) -> tuple[str, dict[str, bytes]]:
    """Return the Dockerfile's name in the archive, and additional files (name → content).

    A Dockerfile that is not part of the context is added to the archive, but must not be copied
    into the image. So an ignore file is added that excludes the Dockerfile: the builder reads the
    Dockerfile, then removes what the ignore file excludes. If the context contains an ignore file,
    the added one replaces it and begins with its lines; otherwise the added one excludes itself
    too.
    """
    source = recipe.source
    if source.name_in_context is not None:
        return source.name_in_context, {}
    lines = [_DOCKERFILE]
    if any(file.name == NAME for file in source.files):
        lines.insert(0, (recipe.build.context / NAME).read_text("utf-8", "surrogateescape"))
    else:
        lines.append(NAME)
    ignored = "\n".join(lines).encode("utf-8", "surrogateescape")
    return _DOCKERFILE, {
        _DOCKERFILE: source.text.encode("utf-8", "surrogateescape"),
        NAME: ignored,
    }


def _lines(message: Mapping[str, Any]) -> Iterator[str]:
    for line in str(message.get("stream", "")).splitlines():
        if line.strip() and not line.startswith(_OWN_LINES):
            yield line
