"""Image builds, with their lines as they come."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from traceback import clear_frames
from typing import Any

from docker import APIClient
from docker.errors import APIError
from docker.utils import parse_repository_tag

from cosmicdeploy.engine.building.build_context import ABSENT, bases, buildable, image_id
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
    """Build with the classic builder, without a tag; the image's id.

    Raises `BuildFailed` with the last lines it printed, and `Refused` for what it would drop.
    """
    buildable(build)
    last: deque[str] = deque(maxlen=LINES_SHOWN)
    built = ""
    with translated(f"Building {name}", str(build.context)):
        # A build that loses its client is ended by the engine.
        with interruptible():
            answers = api.build(
                path=str(build.context),
                dockerfile=build.dockerfile,
                buildargs=dict(build.args),
                target=build.target,
                labels={**build.labels, **labels},
                decode=True,
                rm=True,
                forcerm=True,
            )
        with _let_go():
            for answer in each_interruptible(answers):
                built = (answer.get("aux") or {}).get("ID", built)
                for line in _lines(answer):
                    last.append(line)
                    on_line(line)
                if "error" in answer:
                    raise _failed(build, f"{name}: {answer['error'].strip()}", tuple(last))
    return built


@contextmanager
def _let_go() -> Iterator[None]:
    """Let the engine end a build that is given up: the SDK keeps the connection in a frame of its
    own, and the exception keeps that."""
    try:
        yield
    except BaseException as error:
        clear_frames(error.__traceback__)
        raise


def _failed(build: Build, why: str, lines: tuple[str, ...]) -> BuildFailed:
    return BuildFailed(
        f"The image could not be built: {why}",
        where=str(build.context / build.dockerfile),
        todo="mend the build; nothing that runs was touched",
        details=lines,
    )


def pull_bases(api: APIClient, build: Build, on_line: Callable[[str], None]) -> None:
    """Pull what the Dockerfile starts from and is not here; raises `BuildFailed`."""
    for base in bases(build).all:
        if image_id(api, base) != ABSENT:
            continue
        on_line(f"pulling {base}")
        repository, tag = parse_repository_tag(base)
        try:
            with interruptible():
                api.pull(repository, tag=tag or "latest")
        except APIError as error:
            reason = str(error.explanation or error)
            raise _failed(build, f"its base image {base} cannot be had", (reason,)) from error


def _lines(answer: Mapping[str, Any]) -> Iterable[str]:
    return [line for line in str(answer.get("stream", "")).splitlines() if line.strip()]
