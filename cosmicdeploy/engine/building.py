"""Image builds: what goes in, and the build itself with its lines as they come."""

from __future__ import annotations

import hashlib
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from traceback import clear_frames
from typing import Any

from docker import APIClient
from docker.errors import APIError, ImageNotFound
from docker.utils import parse_repository_tag
from docker.utils.build import exclude_paths

from cosmicdeploy.engine.connection import translated
from cosmicdeploy.errors import BuildFailed, ConfigError
from cosmicdeploy.interrupts import breakable, each_breakable
from cosmicdeploy.stack.model import Build

LINES_SHOWN = 15
ABSENT = "not here"
FROM = re.compile(r"^\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?", re.IGNORECASE | re.MULTILINE)
DEFAULT_ARG = re.compile(r"^\s*ARG\s+(\w+)=(\S+)", re.IGNORECASE | re.MULTILINE)
REFERENCE = re.compile(r"\$\{?(\w+)\}?")


def build_image(
    api: APIClient,
    build: Build,
    name: str,
    labels: Mapping[str, str],
    on_line: Callable[[str], None],
) -> str:
    """Build with the classic builder, without a tag; the image's id.

    Raises `BuildFailed` with the last lines it printed.
    """
    _require_context(build)
    last: deque[str] = deque(maxlen=LINES_SHOWN)
    image_id = ""
    with translated(f"Building {name}", str(build.context)):
        # A build that loses its client is ended by the engine.
        with breakable():
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
            for answer in each_breakable(answers):
                image_id = (answer.get("aux") or {}).get("ID", image_id)
                for line in _lines(answer):
                    last.append(line)
                    on_line(line)
                if "error" in answer:
                    raise _failed(build, f"{name}: {answer['error'].strip()}", tuple(last))
    return image_id


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
    dockerfile = build.context / build.dockerfile
    for base in base_images(dockerfile.read_text(encoding="utf-8"), build.args):
        if _image_id(api, base) != ABSENT:
            continue
        on_line(f"pulling {base}")
        repository, tag = parse_repository_tag(base)
        try:
            with breakable():
                api.pull(repository, tag=tag or "latest")
        except APIError as error:
            reason = str(error.explanation or error)
            raise _failed(build, f"its base image {base} cannot be had", (reason,)) from error


def _lines(answer: Mapping[str, Any]) -> Iterable[str]:
    return [line for line in str(answer.get("stream", "")).splitlines() if line.strip()]


def _require_context(build: Build) -> None:
    dockerfile = build.context / build.dockerfile
    if not dockerfile.is_file():
        raise ConfigError(
            "There is no Dockerfile",
            where=str(dockerfile),
            todo="check build.context and build.dockerfile in the compose file",
        )


def context_digest(api: APIClient, build: Build) -> str:
    """SHA-256 over all that decides what the image will hold."""
    _require_context(build)
    digest = hashlib.sha256()
    for item in _ingredients(api, build):
        digest.update(item.encode("utf-8", "surrogateescape") + b"\0")
    return digest.hexdigest()


def _ingredients(api: APIClient, build: Build) -> Iterable[str]:
    yield f"target {build.target}"
    for name, value in sorted(build.args.items()):
        yield f"arg {name}={value}"
    dockerfile = build.context / build.dockerfile
    text = dockerfile.read_text(encoding="utf-8")
    yield text
    for base in base_images(text, build.args):
        yield f"from {base} {_image_id(api, base)}"
    for path in sorted(exclude_paths(str(build.context), _ignored(build), build.dockerfile)):
        yield _file_facts(build.context, path)


def base_images(dockerfile: str, args: Mapping[str, str]) -> list[str]:
    """The images that a Dockerfile starts from, its arguments resolved, its own stages left out."""
    known = {**dict(DEFAULT_ARG.findall(dockerfile)), **args}
    stages, found = {"scratch"}, []
    for base, stage in FROM.findall(dockerfile):
        name = REFERENCE.sub(lambda match: known.get(match[1], ""), base)
        if name not in stages:
            found.append(name)
        stages.add(stage)
    return found


def _image_id(api: APIClient, reference: str) -> str:
    try:
        return str(api.inspect_image(reference)["Id"])
    except ImageNotFound:
        return ABSENT


def _ignored(build: Build) -> list[str]:
    file = build.context / ".dockerignore"
    if not file.is_file():
        return []
    lines = (line.strip() for line in file.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _file_facts(context: Path, name: str) -> str:
    path = context / name
    mode = path.lstat().st_mode
    if path.is_symlink():
        return f"{name} {mode:o} -> {path.readlink()}"
    if path.is_dir():
        return f"{name} {mode:o}"
    return f"{name} {mode:o} {hashlib.sha256(path.read_bytes()).hexdigest()}"
