"""Build images; report progress line by line."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from traceback import clear_frames
from typing import Any

from docker import APIClient

from cosmicdeploy.engine.building.build_context import read_buildable_dockerfile
from cosmicdeploy.engine.connection import translated
from cosmicdeploy.errors import BuildFailed
from cosmicdeploy.signals import each_interruptible, interruptible
from cosmicdeploy.stack.model import Build

LINES_SHOWN = 15


def build_image(
    api: APIClient,
    build: Build,
    name: str,
    labels: Mapping[str, str],
    on_line: Callable[[str], None],
) -> str:
    """Build an image with the classic builder, without a tag; return its id.

    Raises `BuildFailed` with the last lines of output, and `Refused` if the builder would not build
    the Dockerfile as written.
    """
    read_buildable_dockerfile(build)
    last: deque[str] = deque(maxlen=LINES_SHOWN)
    built = ""
    with translated(f"Building {name}", str(build.context)):
        # The engine ends a build whose client disconnects.
        with interruptible():
            messages = api.build(
                path=str(build.context),
                dockerfile=build.dockerfile,
                buildargs=dict(build.args),
                target=build.target,
                labels={**build.labels, **labels},
                decode=True,
                rm=True,
                forcerm=True,
            )
        with _connection_released():
            for message in each_interruptible(messages):
                built = (message.get("aux") or {}).get("ID", built)
                for line in _lines(message):
                    last.append(line)
                    on_line(line)
                if "error" in message:
                    raise _failed(build, f"{name}: {message['error'].strip()}", tuple(last))
    return built


@contextmanager
def _connection_released() -> Iterator[None]:
    """Close the connection if the block raises, so that the engine ends the build.

    The exception's traceback keeps the SDK's frames alive, and one of them holds the connection.
    """
    try:
        yield
    except BaseException as error:
        clear_frames(error.__traceback__)
        raise


def _failed(build: Build, why: str, lines: tuple[str, ...]) -> BuildFailed:
    return BuildFailed(
        f"The image could not be built: {why}",
        where=str(build.context / build.dockerfile),
        todo="fix the build; nothing that runs was changed",
        details=lines,
    )


def _lines(message: Mapping[str, Any]) -> Iterable[str]:
    return [line for line in str(message.get("stream", "")).splitlines() if line.strip()]
