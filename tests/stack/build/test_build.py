"""Images are built as by `docker build`, by BuildKit inside the engine or through buildx."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cosmicdeploy.engine.building.builders.buildx import buildx
from cosmicdeploy.errors import BuildFailed, Refused
from cosmicdeploy.process.polling import poll
from cosmicdeploy.stack.model import BuildSecret
from tests.stack.build.images import BUILDX_CONFIG, Workshop, files_in, in_image, workshop

pytestmark = pytest.mark.stack


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workshop]:
    with workshop(tmp_path) as it:
        yield it


@pytest.fixture
def with_buildx(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("DOCKER_CONFIG", str(BUILDX_CONFIG))
    buildx.is_installed.cache_clear()
    yield
    buildx.is_installed.cache_clear()


# Of the layout with a Dockerfile for BuildKit: what also the oldest engine knows.
DOCKERFILE = """\
ARG TAG="x"
ARG BASE
FROM ${BASE:-{base}} AS base
RUN : {new}
ARG TARGETARCH
ENV BUILT_FOR=${TARGETARCH}

FROM base AS unused
RUN exit 1

FROM base AS parts
RUN --mount=type=cache,target=/var/cache/parts mkdir /parts && echo made >/parts/made.txt

FROM base
ARG RELEASE=0
RUN --mount=type=bind,target=/mnt ls -A /mnt >/listed && echo printed-by-the-build
COPY --from=parts /parts /srv/parts
COPY --chmod=755 app.py /srv/app.py
COPY . /srv/context
RUN echo "release ${RELEASE}" >/srv/release.txt
"""


def test_buildkit_builds_as_written_and_a_second_build_is_cached(shop: Workshop) -> None:
    shop.write({"Dockerfile": DOCKERFILE, "app.py": "app", "README.md": "one"})
    shop.write({"Dockerfile.dockerignore": "*\n!app.py\n", ".dockerignore": "app.py\n"})
    image = shop.build(args={"RELEASE": "1"}, labels={"x.y": "z"})
    assert "printed-by-the-build" in shop.lines
    found = in_image(image, "stat -c %a /srv/app.py; cat /srv/release.txt /srv/parts/made.txt")
    assert found.split() == ["755", "release", "1", "made"]
    assert in_image(image, "ls -A /srv/context; cat /listed").split() == ["app.py", "app.py"]
    assert in_image(image, "echo $BUILT_FOR").strip() in ("amd64", "arm64")

    digest = shop.digest(args={"RELEASE": "1"}, labels={"x.y": "z"})
    shop.write({"README.md": "two", "app.py": "app"})
    assert shop.digest(args={"RELEASE": "1"}, labels={"x.y": "z"}) == digest
    assert shop.build(args={"RELEASE": "1"}, labels={"x.y": "z"}) == image
    instructions = [line for line in shop.lines if " RUN " in line or " COPY " in line]
    assert len(instructions) == 7 and all(line.startswith("CACHED ") for line in instructions)


def test_a_context_is_what_docker_build_makes_of_it(shop: Workshop, tmp_path: Path) -> None:
    shop.write(
        {
            "Dockerfile": 'FROM {base}\nCOPY . /ctx\nCOPY sub/* /some/\nADD [".", "/added/"]\n',
            ".dockerignore": "readme.md\n\\!bang\nDockerfile\nout/**\n!out/kept\n*/*.tmp\n",
            "README.md": "kept",
            "readme.md": "left out",
            "!bang": "left out",
            "out/kept": "kept",
            "out/left/x": "left out",
            "sub/a.tmp": "left out",
            "sub/b": "kept",
            "sub/" + "long-" * 30 + "name": "kept",
        }
    )
    (tmp_path / "sub/run").symlink_to("b")
    (tmp_path / "sub/b").chmod(0o741)
    (tmp_path / "sub").chmod(0o711)
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "sub/php.sock"))
        digest = shop.digest()
        image = shop.build()
    assert shop.digest() == digest
    # Of these, docker build makes an empty file, and on some engines a FIFO.
    (tmp_path / "sub/php.sock").unlink()
    (tmp_path / "pipe").unlink()
    expected = shop.docker_build()
    for folder in ("/ctx", "/some", "/added"):
        assert files_in(image, folder) == files_in(expected, folder)
    assert "pipe" not in in_image(image, "ls -A /ctx /ctx/sub")


@pytest.mark.parametrize("classic", [False, True])
def test_a_dockerfile_elsewhere_is_not_part_of_the_context(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch, classic: bool
) -> None:
    monkeypatch.setenv("DOCKER_BUILDKIT", "0" if classic else "1")
    shop.write({"app.py": "app"})
    text = "FROM {base}\nCOPY . /ctx\n"
    shop.write({"../elsewhere.Dockerfile": text})
    inline = (shop.folder.parent / "elsewhere.Dockerfile").read_text()
    for keys in ({"dockerfile": "../elsewhere.Dockerfile"}, {"dockerfile_inline": inline}):
        assert in_image(shop.build(**keys), "ls -A /ctx") == "app.py\n"


def test_a_failed_build_says_why(shop: Workshop) -> None:
    shop.write({"Dockerfile": "FROM {base}\nRUN echo the-reason >&2; exit 7\n"})
    with pytest.raises(BuildFailed, match="exit code: 7") as caught:
        shop.build()
    assert "the-reason" in caught.value.details
    shop.write({"Dockerfile": "FROM {base}\nRUNN x\n"})
    with pytest.raises(BuildFailed, match="RUNN"):
        shop.build()
    shop.write({"Dockerfile": "# syntax=registry.invalid/dockerfile:1\nFROM {base}\nRUN ls\n"})
    with pytest.raises(BuildFailed, match=r"frontend registry.invalid/dockerfile:1 cannot"):
        shop.build()


def test_options_reach_the_build(shop: Workshop) -> None:
    shop.write({"Dockerfile": "FROM {base} AS one\nRUN cat /etc/hosts >/hosts\nFROM nowhere:1\n"})
    image = shop.build(target="one", extra_hosts={"shop.test": ("10.1.2.3",)}, network="none")
    assert "10.1.2.3\tshop.test" in in_image(image, "cat /hosts")
    shop.build(target="one", extra_hosts={"shop.test": ("10.1.2.3",)}, no_cache=True)
    assert not any("CACHED" in line and "RUN" in line for line in shop.lines)


def test_a_build_ends_with_its_run(shop: Workshop) -> None:
    shop.write({"Dockerfile": "FROM {base}\nRUN sleep 86421\n"})
    program = (
        "import sys; from pathlib import Path; from cosmicdeploy.engine import connect;"
        "from cosmicdeploy.stack.model import Build;"
        "from cosmicdeploy.process.signals import deferred_interrupts\n"
        "with deferred_interrupts(lambda: None): connect().build("
        "Build(context=Path(sys.argv[1])), 'x', {}, lambda line: print(line, flush=True))"
    )
    command = [sys.executable, "-c", program, str(shop.folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    while "RUN sleep" not in process.stdout.readline():
        assert process.poll() is None
    poll(_sleeps, until=bool, every=0.1, within=10)
    began = time.monotonic()
    process.terminate()
    process.communicate(timeout=10)
    assert time.monotonic() - began < 2
    assert poll(_sleeps, until=lambda runs: not runs, every=0.1, within=5) is False


def _sleeps() -> bool:
    return subprocess.run(["pgrep", "-f", "^sleep 86421"], check=False).returncode == 0


SECRET = """\
FROM {base}
RUN : {new}
RUN --mount=type=secret,id=token cp /run/secrets/token /copied; exit {code}
"""


def test_a_build_secret_goes_through_buildx(shop: Workshop, with_buildx: None) -> None:
    shop.write({"Dockerfile": SECRET.replace("{code}", "0"), "token": "from-a-file"})
    secret = BuildSecret(id="token", file=shop.folder / "token")
    assert in_image(shop.build(secrets=(secret,)), "cat /copied") == "from-a-file"
    secret = BuildSecret(id="token", variable="TOKEN", value="of-a-variable")
    image = shop.build(secrets=(secret,), no_cache=True)
    assert in_image(image, "cat /copied") == "of-a-variable"
    assert any("3/3] RUN" in line for line in shop.lines)
    shop.write({"Dockerfile": SECRET.replace("{code}", "7")})
    with pytest.raises(BuildFailed, match="exit code: 7"):
        shop.build(secrets=(secret,))


def test_without_buildx_a_build_secret_is_refused(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buildx, "is_installed", lambda: False)
    shop.write({"Dockerfile": SECRET.replace("{code}", "0")})
    with pytest.raises(Refused, match="needs docker buildx, which is not installed"):
        shop.digest()
