"""The base images of a build are pulled for the platform that the build uses them for."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import docker
import pytest

from cosmicdeploy.engine.registry.bases import pull_bases
from cosmicdeploy.errors import PullFailed
from cosmicdeploy.stack.model import Build

pytestmark = pytest.mark.unit

VERSION = {"ApiVersion": "1.41", "Os": "linux", "Arch": "amd64", "Version": "20.10.24"}
REGISTRY = "127.0.0.1:1"


class Engine:
    """An engine for linux/amd64 that keeps one image for each name, as the real one does.

    `images` maps a name to its platform, and `pulls` are the pulls so far: name and platform.
    `pull_error` is the error of each pull. If `loses_images` is set, a pull stores no image.
    """

    def __init__(self) -> None:
        self.images: dict[str, str] = {}
        self.pulls: list[tuple[str, str]] = []
        self.pull_error = ""
        self.loses_images = False

    def answer(self, path: str, query: dict[str, str]) -> Any:
        if path.endswith("/version"):
            return VERSION
        if path.endswith("/images/create"):
            return self._pull(query)
        if "/images/" in path:
            name = unquote(path).split("/images/")[1].removeprefix(f"{REGISTRY}/")
            platform = self.images.get(name.removesuffix("/json").removesuffix(":latest"))
            if platform is None:
                return None
            system, architecture, *_ = platform.split("/")
            return {"Id": name, "Os": system, "Architecture": architecture, "Config": {}}
        return {}

    def _pull(self, query: dict[str, str]) -> Any:
        name = query["fromImage"].removeprefix(f"{REGISTRY}/")
        self.pulls.append((name, query.get("platform", "")))
        if self.pull_error:
            return {"error": self.pull_error}
        if not self.loses_images:
            self.images[name] = query.get("platform", "linux/amd64")
        return {"status": "Pull complete"}


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def client(engine: Engine) -> Iterator[docker.DockerClient]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {key: value for key, (value,) in parse_qs(parts.query).items()}
            answer = engine.answer(parts.path, query)
            body = json.dumps(answer or {"message": "No such image"}).encode()
            self.send_response(404 if answer is None else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        address = f"tcp://127.0.0.1:{server.server_address[1]}"
        opened = docker.DockerClient(address, version="1.41", timeout=5)
        yield opened
        opened.close()
        server.shutdown()


def pulled(
    client: docker.DockerClient, engine: Engine, folder: Path, text: str, **keys: Any
) -> list[tuple[str, str]]:
    """Pull the bases of a Dockerfile, and return what was pulled for which platform."""
    (folder / "Dockerfile").write_text(text.replace("FROM ", f"FROM {REGISTRY}/"))
    before = len(engine.pulls)
    pull_bases(client.api, Build(context=folder, **keys), lambda _: None)
    return engine.pulls[before:]


def test_a_base_is_pulled_for_the_platform_of_the_build(
    client: docker.DockerClient, engine: Engine, tmp_path: Path
) -> None:
    text = "FROM a AS one\nFROM b-$TARGETARCH\n"
    text += f"COPY --from=one /x /\nCOPY --from={REGISTRY}/c /x /\n"
    arm = {"platforms": ("linux/arm64",)}
    expected = [("a", "linux/arm64"), ("b-arm64", "linux/arm64"), ("c", "linux/arm64")]
    assert sorted(pulled(client, engine, tmp_path, text, **arm)) == expected
    assert pulled(client, engine, tmp_path, text, **arm) == []
    amd = {"platforms": ("linux/amd64",)}
    assert sorted(pulled(client, engine, tmp_path, text, **amd)) == [
        ("a", ""), ("b-amd64", ""), ("c", "")
    ]  # fmt: skip


def test_without_a_declared_platform_any_image_of_the_name_is_the_base(
    client: docker.DockerClient, engine: Engine, tmp_path: Path
) -> None:
    engine.images["a"] = "linux/arm64"
    assert pulled(client, engine, tmp_path, "FROM a\n") == []
    several = ("linux/arm64", "linux/amd64")
    assert pulled(client, engine, tmp_path, "FROM b\n", platforms=several) == [("b", "")]


def test_a_stage_may_have_a_platform_of_its_own(
    client: docker.DockerClient, engine: Engine, tmp_path: Path
) -> None:
    name = f"{REGISTRY}/"
    text = f"FROM --platform=$BUILDPLATFORM {name}tools AS t\nFROM a\nCOPY --from=t /x /\n"
    (tmp_path / "Dockerfile").write_text(text.replace("FROM a", f"FROM {name}a"))
    pull_bases(client.api, Build(context=tmp_path, platforms=("linux/arm64",)), lambda _: None)
    assert sorted(engine.pulls) == [("a", "linux/arm64"), ("tools", "")]


def test_an_error_names_the_dockerfile_that_stands_in_the_compose_file(
    client: docker.DockerClient, engine: Engine, tmp_path: Path
) -> None:
    engine.pull_error = "manifest unknown"
    build = Build(context=tmp_path, dockerfile_inline=f"FROM {REGISTRY}/a\n")
    with pytest.raises(PullFailed, match=f"has no {REGISTRY}/a") as caught:
        pull_bases(client.api, build, lambda _: None)
    assert caught.value.where == f"dockerfile_inline, context {tmp_path}"
    assert caught.value.todo == "push the image, or correct its tag in the Dockerfile"


def test_a_pull_without_an_image_does_not_quote_the_engine(
    client: docker.DockerClient, engine: Engine, tmp_path: Path
) -> None:
    engine.loses_images = True
    with pytest.raises(PullFailed, match="ended without an error") as caught:
        pulled(client, engine, tmp_path, "FROM a\n")
    assert not any("the engine says" in line for line in caught.value.details)
