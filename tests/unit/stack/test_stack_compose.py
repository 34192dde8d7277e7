"""Reading a compose file: project, networks, volumes and dependencies."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.stack.compose import read_stack
from cosmicdeploy.stack.model import (
    Dependency,
    Network,
    Pool,
    Stack,
    Volume,
)

pytestmark = pytest.mark.unit

StackOf = Callable[..., Stack]
WEB = "services:\n  web: {image: web}\n"


@pytest.mark.parametrize(
    ("top", "env", "environ", "name"),
    [
        ("", "", {}, "shop"),
        ("name: from-file\n", "", {}, "from-file"),
        ("name: s${SUFFIX}\n", "SUFFIX=7", {}, "s7"),
        ("name: from-file\n", "COMPOSE_PROJECT_NAME=from-env-file", {}, "from-env-file"),
        ("", "COMPOSE_PROJECT_NAME=a", {"COMPOSE_PROJECT_NAME": "from-shell"}, "from-shell"),
        ("name: from-file\n", "COMPOSE_PROJECT_NAME=", {}, "from-file"),
    ],
)
def test_the_project_is_named_by_variable_file_or_folder(
    stack_of: StackOf, top: str, env: str, environ: dict[str, str], name: str
) -> None:
    assert stack_of(top + WEB, env, **environ).project == name


@pytest.mark.parametrize(
    ("folder", "name"), [("_My Shop.Prod", "myshopprod"), ("-a_b-C1", "a_b-c1")]
)
def test_the_folders_name_becomes_a_valid_project_name(
    tmp_path: Path, folder: str, name: str
) -> None:
    (tmp_path / folder).mkdir()
    file = tmp_path / folder / "c.yml"
    file.write_text(WEB)
    assert read_stack(file, env_file=tmp_path / ".env", environ={}).project == name


def test_an_invalid_project_name_is_refused_with_a_valid_one(stack_of: StackOf) -> None:
    with pytest.raises(ConfigError, match="'My Shop' is not a project name") as caught:
        stack_of(WEB, COMPOSE_PROJECT_NAME="My Shop")
    assert caught.value.todo == "write 'myshop'"


def test_the_project_argument_wins_and_is_a_variable(tmp_path: Path) -> None:
    file = tmp_path / "c.yml"
    file.write_text("name: other\nservices: {web: {image: 'w:${COMPOSE_PROJECT_NAME}'}}\n")
    environ = {"COMPOSE_PROJECT_NAME": "shell"}
    stack = read_stack(file, env_file=tmp_path / ".env", environ=environ, project="given")
    assert (stack.project, stack.services["web"].image) == ("given", "w:given")


def test_an_image_that_is_only_built_is_named_after_the_service(stack_of: StackOf) -> None:
    assert stack_of("services: {web: {build: .}}").services["web"].image == "shop-web"


def test_networks_and_volumes_are_read(stack_of: StackOf) -> None:
    stack = stack_of(
        """
services:
  web:
    image: web
    networks: [front, fixed, theirs, theirs2, theirs3]
    volumes: ["bound:/0", "data:/1", "named:/2", "theirs:/3"]
networks:
  unused:
  front:
  fixed:
    name: fixed-${N:-1}
    driver: bridge
    driver_opts: {com.docker.network.driver.mtu: 1400}
    internal: true
    attachable: true
    enable_ipv4: true
    enable_ipv6: true
    labels: [a=b]
    ipam:
      driver: default
      options: {o: 1}
      config:
        - subnet: 10.9.0.0/24
          ip_range: 10.9.0.128/25
          gateway: 10.9.0.1
          aux_addresses: {router: 10.9.0.2}
        - {subnet: 'fd00::/64'}
  theirs: {external: true}
  theirs2: {external: true, name: real}
  theirs3: {external: {name: real3}}
volumes:
  unused:
  data:
  bound: {driver: local, driver_opts: {type: none, o: bind, device: ./bound}}
  named: {name: n, driver: local, driver_opts: {type: nfs, o: 3}, labels: {l: 1}}
  theirs: {external: true}
x-note: {anything: '$(at all)'}
"""
    )
    assert stack.networks == {
        "front": Network(key="front", name="shop_front"),
        "fixed": Network(
            key="fixed",
            name="fixed-1",
            driver="bridge",
            driver_opts={"com.docker.network.driver.mtu": "1400"},
            ipam_options={"o": "1"},
            pools=(
                Pool(
                    subnet="10.9.0.0/24",
                    ip_range="10.9.0.128/25",
                    gateway="10.9.0.1",
                    aux_addresses={"router": "10.9.0.2"},
                ),
                Pool(subnet="fd00::/64"),
            ),
            internal=True,
            attachable=True,
            enable_ipv4=True,
            enable_ipv6=True,
            labels={"a": "b"},
        ),
        "theirs": Network(key="theirs", name="theirs", external=True),
        "theirs2": Network(key="theirs2", name="real", external=True),
        "theirs3": Network(key="theirs3", name="real3", external=True),
    }
    assert stack.volumes == {
        "data": Volume(key="data", name="shop_data"),
        "bound": Volume(
            key="bound",
            name="shop_bound",
            driver="local",
            driver_opts={"type": "none", "o": "bind", "device": str(stack.directory / "bound")},
        ),
        "named": Volume(
            key="named",
            name="n",
            driver="local",
            driver_opts={"type": "nfs", "o": "3"},
            labels={"l": "1"},
        ),
        "theirs": Volume(key="theirs", name="theirs", external=True),
    }


def test_the_default_network_can_be_declared(stack_of: StackOf) -> None:
    assert stack_of(WEB).networks == {"default": Network(key="default", name="shop_default")}
    named = stack_of(WEB + "networks: {default: {name: x}}")
    assert named.services["web"].networks[0].network == "x"


def test_dependencies_are_read_with_their_conditions(stack_of: StackOf) -> None:
    stack = stack_of(
        "services:\n"
        "  db: {image: db}\n"
        "  a: {image: a, depends_on: [db]}\n"
        "  b: {image: b, depends_on: {db: {condition: service_healthy}, a: }}\n"
    )
    assert stack.services["a"].depends_on == {"db": Dependency()}
    assert stack.services["b"].depends_on == {
        "db": Dependency(condition="service_healthy"),
        "a": Dependency(),
    }


def test_a_dependency_that_is_not_required_may_be_absent(stack_of: StackOf) -> None:
    stack = stack_of(
        "services:\n"
        "  db: {image: db}\n"
        "  init: {image: db}\n"
        "  a:\n"
        "    image: a\n"
        "    depends_on:\n"
        "      db: {condition: service_started, restart: true}\n"
        "      init: {condition: service_completed_successfully}\n"
        "      mailer: {condition: service_started, required: false}\n"
    )
    assert stack.services["a"].depends_on == {
        "db": Dependency(restart=True),
        "init": Dependency(condition="service_completed_successfully"),
    }


def test_relative_sources_are_resolved_from_the_files_folder(
    stack_of: StackOf, tmp_path: Path
) -> None:
    stack = stack_of("services: {web: {image: w, volumes: [./a:/a, ../b:/b, .:/c]}}")
    assert (stack.directory, stack.env_file) == (tmp_path / "Shop", tmp_path / "Shop" / ".env")
    sources = [mount.source for mount in stack.services["web"].mounts]
    assert sources == [f"{tmp_path}/Shop/a", f"{tmp_path}/b", f"{tmp_path}/Shop"]


@pytest.mark.parametrize("name", ["docker-compose.override.yml", "compose.override.yaml"])
def test_an_override_file_that_is_not_read_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "docker-compose.yml").write_text(WEB)
    (tmp_path / "docker-compose.prod.yml").write_text(WEB)
    (tmp_path / name).write_text(WEB)

    def remarks(file: str, **environ: str) -> list[str]:
        stack = read_stack(tmp_path / file, env_file=tmp_path / ".env", environ=environ)
        return [remark.what.partition(":")[0] for remark in stack.remarks]

    assert remarks("docker-compose.yml") == [name]
    assert remarks("docker-compose.yml", COMPOSE_FILE="docker-compose.yml") == []
    assert remarks("docker-compose.prod.yml") == []
