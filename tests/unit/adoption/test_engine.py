"""What runs, and what the images say, completes and proves what the files say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from cosmicdeploy.adoption.adopt import Adoption
from cosmicdeploy.adoption.reading.engine_view import EngineView
from cosmicdeploy.engine import Container, Image, labels
from cosmicdeploy.engine.parsing import parse_image
from cosmicdeploy.errors import EngineError, EngineUnavailable
from tests.unit.adoption.conftest import Adopt, compose, evidence, marks, values

pytestmark = pytest.mark.unit

WEB = "  web: {image: 'shop:${TAG:-1}', ports: ['127.0.0.1:80:8000']}\n"


class FakeEngine:
    """An engine with these images and containers, as far as `EngineView` asks for them."""

    def __init__(
        self, images: Mapping[str, Image] | None = None, containers: Sequence[Container] = ()
    ) -> None:
        self.images = images or {}
        self.all = list(containers)

    def image(self, reference: str) -> Image | None:
        return self.images.get(reference)

    def containers(self, project: str) -> list[Container]:
        return [each for each in self.all if each.project == project]

    def containers_of_folder(self, folder: Path, except_project: str) -> list[Container]:
        return [each for each in self.all if each.is_running]


def view(*containers: Container, **images: Image) -> EngineView:
    return EngineView(FakeEngine(images, containers))  # type: ignore[arg-type]


def container(service: str = "web", **facts: Any) -> Container:
    fields = {"project": "shop", "status": "running", "image_id": "sha256:1"}
    return Container(id=service, name=f"shop-{service}-1", service=service, **(fields | facts))


def created_from(*files: Path, **more: str) -> dict[str, str]:
    return {labels.CONFIG_FILES: ",".join(map(str, files)), **more}


def test_an_image_says_what_no_file_says(adopted: Adopt) -> None:
    image = parse_image(
        {
            "Id": "sha256:1",
            "Config": {
                "ExposedPorts": {"8123/tcp": {}, "9/udp": {}},
                "Entrypoint": ["gunicorn"],
                "Cmd": ["shop"],
                "WorkingDir": "/srv",
                "User": "app",
                "Env": ["PATH=/bin"],
                "Healthcheck": {"Test": ["CMD", "curl", "-f", "http://localhost:8123/alive"]},
            },
        }
    )
    files = compose("  web: {image: 'shop:1', deploy: {replicas: 2}}\n")
    adoption = adopted(files, EngineView(FakeEngine({"shop:1": image})))  # type: ignore[arg-type]
    found = values(adoption)
    assert (found["app.port"], found["app.health_path"]) == (8123, "/alive")
    assert evidence(adoption, "app.health_path") == "image shop:1, health check"
    assert "1 image" in adoption.read


def test_a_dockerfile_can_turn_the_health_check_of_its_base_image_off(adopted: Adopt) -> None:
    check = {"Test": ["CMD", "curl", "-f", "http://localhost:8123/alive"]}
    base = parse_image({"Id": "sha256:1", "Config": {"Healthcheck": check}})
    engine = EngineView(FakeEngine({"base:1": base}))  # type: ignore[arg-type]
    text = "  web: {build: ., ports: ['80:8123']}\n"
    own = adopted(compose(text, Dockerfile="FROM base:1\nHEALTHCHECK NONE\n"), engine)
    assert "health check" not in evidence(own, "app.health_path")
    inherited = adopted(compose(text, Dockerfile="FROM base:1\n"), engine)
    assert values(inherited)["app.health_path"] == "/alive"


def test_an_image_of_several_services_is_counted_once(adopted: Adopt) -> None:
    image = parse_image({"Id": "sha256:1", "Config": {"ExposedPorts": {"80/tcp": {}}}})
    files = compose("  one: {image: 'shop:1'}\n  two: {image: 'shop:1'}\n")
    adoption = adopted(files, EngineView(FakeEngine({"shop:1": image})))  # type: ignore[arg-type]
    assert "1 image" in adoption.read


def test_the_running_containers_name_the_files_the_project_and_the_env_file(
    adopted: Adopt, folder: Path
) -> None:
    base, live, env = folder / "compose.yml", folder / "live.yml", folder / "live.env"
    own = created_from(base, live, **{labels.ENVIRONMENT_FILE: str(env)})
    running = container(project="theirs", labels=own)
    files = {
        "compose.yml": f"services:\n{WEB}",
        "live.yml": "services: {web: {environment: {RELEASE: '${RELEASE:?}'}}}\n",
        "docker-compose.prod.yml": "services: {other: {image: x}}\n",
        "live.env": "RELEASE=7\n",
    }
    engine = view(running, **{running.image_id: Image(id=running.image_id)})
    adoption = adopted(files, engine)
    found = values(adoption)
    assert found["compose_file"] == ["compose.yml", "live.yml"]
    assert found["env_file"] == "live.env"
    assert found["project"] == "theirs"
    assert found["app.release_variable"] == "RELEASE"
    assert not marks(adoption).keys() & {"compose_file", "env_file", "project"}
    unread = [note.about for note in adoption.notes if note.kind == "not read"]
    assert unread == ["docker-compose.prod.yml"]


def test_what_is_as_by_default_is_not_written(adopted: Adopt, folder: Path) -> None:
    file = folder / "docker-compose.prod.yml"
    own = created_from(file, **{labels.ENVIRONMENT_FILE: str(folder / ".env")})
    files = {file.name: f"services:\n{WEB}", ".env": "TAG=2\n"}
    found = values(adopted(files, view(container(labels=own))))
    assert not found.keys() & {"compose_file", "env_file", "project"}


def test_files_that_are_gone_are_not_named(adopted: Adopt, folder: Path) -> None:
    gone = container(labels=created_from(folder / "gone.yml"))
    assert values(adopted(compose(WEB), view(gone)))["compose_file"] == "docker-compose.yml"


def test_a_service_that_runs_by_a_profile_gets_that_profile(adopted: Adopt) -> None:
    text = WEB + "  redis: {image: redis, profiles: [live, other]}\n"
    adoption = adopted(compose(text), view(container("redis")))
    found = values(adoption)
    assert (found["profiles"], found["services.cache"]) == (["live"], "redis")
    active = adopted(compose(text) | {".env": "COMPOSE_PROFILES=own\n"}, view(container("redis")))
    assert values(active)["profiles"] == ["own", "live"]


def test_a_service_that_keeps_running_is_no_task(adopted: Adopt) -> None:
    text = WEB + "  init: {image: 'shop:${TAG:-1}', command: ./init}\n"
    assert values(adopted(compose(text)))["services.one_shot"] == ["init"]
    assert "services.one_shot" not in values(adopted(compose(text), view(container("init"))))


def test_an_engine_that_goes_away_is_said(adopted: Adopt) -> None:
    class Gone(FakeEngine):
        def containers(self, project: str) -> list[Container]:
            raise EngineUnavailable("The Docker Engine went away")

    adoption = adopted(compose(WEB), EngineView(Gone()))  # type: ignore[arg-type]
    [note] = [each for each in adoption.notes if each.about == "engine"]
    assert note.kind == "not read" and "went away" in note.what
    assert adoption.read == ["docker-compose.yml"]


def test_an_image_that_cannot_be_inspected_hides_no_other(adopted: Adopt) -> None:
    class Refusing(FakeEngine):
        def image(self, reference: str) -> Image | None:
            if reference != "shop:2":
                raise EngineError("Inspecting an image failed: invalid reference format")
            return Image(id="sha256:2", exposed=(8123,))

    text = "  a: {image: 'Bad:1'}\n  web: {image: 'shop:2'}\n"
    adoption = adopted(compose(text), EngineView(Refusing()), applications=["web"])  # type: ignore[arg-type]
    assert values(adoption)["app.port"] == 8123
    assert not [note for note in adoption.notes if note.about == "engine"]


@contextmanager
def replica(answers: Mapping[str, int], **headers: str) -> Iterator[tuple[Container, list[str]]]:
    """A running container that answers these paths with a status, and all others with 404."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(answers.get(self.path, answers.get("*", 404)))
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()

        def log_message(self, *_words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        published = {8000: ("127.0.0.1", server.server_address[1])}
        yield container(published=published, environment={"TAG": "7"}), asked
    finally:
        server.shutdown()
        server.server_close()


def adopt_running(adopted: Adopt, running: Container, more: str = "") -> Adoption:
    text = WEB.replace("}\n", f"{more}}}\n")
    return adopted(compose(text), view(running))


def test_a_running_replica_proves_its_health_path_and_header(adopted: Adopt) -> None:
    with replica({"/up": 200}, X_Release="7", X_Build="b") as (running, asked):
        adoption = adopt_running(adopted, running)
    found = values(adoption)
    assert (found["app.health_path"], found["app.release_header"]) == ("/up", "X-Release")
    assert not marks(adoption)
    assert evidence(adoption, "app.health_path") == "shop-web-1 answers 200 there"
    assert len(asked) <= 7


def test_a_replica_that_answers_everything_proves_nothing(adopted: Adopt) -> None:
    with replica({"*": 200}) as (running, _):
        assert marks(adopt_running(adopted, running))["app.health_path"] == "guess"


def test_a_header_with_another_value_is_not_the_release(adopted: Adopt) -> None:
    with replica({"/": 200}, X_App_Version="1.2") as (running, _):
        assert "app.release_header" not in values(adopt_running(adopted, running))


def test_a_path_that_a_file_names_is_asked_alone(adopted: Adopt) -> None:
    check = ", healthcheck: {test: 'curl -f http://localhost:8000/ok'}"
    with replica({"/": 200}) as (running, asked):
        adoption = adopt_running(adopted, running, check)
    assert values(adoption)["app.health_path"] == "/ok" and asked == ["/ok"]


def test_a_replica_that_does_not_answer_leaves_the_guess(adopted: Adopt) -> None:
    silent = container(published={8000: ("127.0.0.1", 1)})
    adoption = adopt_running(adopted, silent)
    assert values(adoption)["app.health_path"] == "/"
    assert marks(adoption)["app.health_path"] == "guess"


def test_an_image_that_the_engine_lacks_is_named(adopted: Adopt) -> None:
    notes = adopted(compose(WEB), view()).notes
    [note] = [each for each in notes if each.kind == "not read"]
    assert (note.about, note.what) == ("web", "its image, since the engine lacks shop:1")
    image = Image(id="sha256:1")
    known = adopted(compose(WEB), view(**{"shop:1": image})).notes
    assert not [each for each in known if each.kind == "not read"]
