"""Build an image, and report the builder's output line by line."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping

from docker import APIClient

from cosmicdeploy.engine.building.builders.choice import buildable
from cosmicdeploy.engine.building.builders.protocol import FailedBuild
from cosmicdeploy.engine.building.failures import build_failed
from cosmicdeploy.engine.connection import translated
from cosmicdeploy.stack.model import Build

# How many last lines of output the error of a failed build contains.
LINES_SHOWN = 15


def build_image(
    api: APIClient,
    build: Build,
    name: str,
    labels: Mapping[str, str],
    on_line: Callable[[str], None],
) -> str:
    """Build an image without a tag; return the image's id.

    `name` is for messages. `on_line` receives each line of output. Raises `BuildFailed` with the
    last lines of output, `Refused` if the image would not be built as written, `ConfigError` if a
    file is missing or invalid, and `EngineError` if the engine fails or goes away.
    """
    last: deque[str] = deque(maxlen=LINES_SHOWN)

    def keep(line: str) -> None:
        last.append(line)
        on_line(line)

    with translated(f"Building {name}", str(build.context)):
        recipe, builder = buildable(api, build)
        on_line(f"building {name} with {builder.name}")
        try:
            return builder.build(recipe, labels, keep)
        except FailedBuild as failure:
            raise build_failed(recipe, name, str(failure), tuple(last)) from failure
