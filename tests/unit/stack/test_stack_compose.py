from collections.abc import Callable
from pathlib import Path

import pytest

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.stack.compose import read_stack
from cosmicdeploy.stack.keys import _REFUSED_SERVICE, _REFUSED_TOP_LEVEL
from cosmicdeploy.stack.model import (
    Dependency,
    Deploy,
    DeviceRequest,
    Network,
    Pool,
    RolloutSettings,
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
def test_the_projects_name(
    stack_of: StackOf, top: str, env: str, environ: dict[str, str], name: str
) -> None:
    assert stack_of(top + WEB, env, **environ).project == name


@pytest.mark.parametrize(
    ("folder", "name"), [("_My Shop.Prod", "myshopprod"), ("-a_b-C1", "a_b-c1")]
)
def test_a_folder_s_name_is_adapted(tmp_path: Path, folder: str, name: str) -> None:
    (tmp_path / folder).mkdir()
    file = tmp_path / folder / "c.yml"
    file.write_text(WEB)
    assert read_stack(file, env_file=tmp_path / ".env", environ={}).project == name


def test_a_given_name_must_be_valid(stack_of: StackOf) -> None:
    with pytest.raises(ConfigError, match="'My Shop' is not a project name") as caught:
        stack_of(WEB, COMPOSE_PROJECT_NAME="My Shop")
    assert caught.value.todo == "write 'myshop'"


def test_the_project_argument_wins_and_can_be_named(tmp_path: Path) -> None:
    file = tmp_path / "c.yml"
    file.write_text("name: other\nservices: {web: {image: 'w:${COMPOSE_PROJECT_NAME}'}}\n")
    environ = {"COMPOSE_PROJECT_NAME": "shell"}
    stack = read_stack(file, env_file=tmp_path / ".env", environ=environ, project="given")
    assert (stack.project, stack.services["web"].image) == ("given", "w:given")


def test_an_image_that_is_only_built_is_named_after_the_service(stack_of: StackOf) -> None:
    assert stack_of("services: {web: {build: .}}").services["web"].image == "shop-web"


def test_networks_and_volumes(stack_of: StackOf) -> None:
    stack = stack_of(
        """
services:
  web: {image: web, networks: [front]}
networks:
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


def test_dependencies(stack_of: StackOf) -> None:
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


EVERY_DEPLOY_KEY = """
services:
  a:
    image: a
    restart: always
    deploy:
      mode: replicated
      replicas: 1
      endpoint_mode: vip
      labels: {team: shop}
      placement: {constraints: [node.role == manager]}
      restart_policy: {condition: on-failure, delay: 2s, max_attempts: 3, window: 1m}
      resources:
        limits: {cpus: "0.5", memory: 256M, pids: 7}
        reservations:
          cpus: "0.1"
          memory: 32M
          devices: [{driver: nvidia, count: 1, capabilities: [gpu]}, {capabilities: [tpu]}]
      update_config:
        {parallelism: 2, delay: 5s, failure_action: rollback, monitor: 1m, order: start-first,
         max_failure_ratio: 0.1}
      rollback_config: {parallelism: 0}
"""


def test_every_key_of_deploy(stack_of: StackOf) -> None:
    stack = stack_of(EVERY_DEPLOY_KEY)
    service = stack.services["a"]
    assert service.deploy == Deploy(
        update=RolloutSettings(
            parallelism=2,
            delay=5.0,
            failure_action="rollback",
            monitor=60.0,
            max_failure_ratio=0.1,
            order="start-first",
        ),
        rollback=RolloutSettings(parallelism=0),
        labels={"team": "shop"},
    )
    assert service.restart == "on-failure:3"
    limits = (service.cpus, service.mem_limit, service.pids_limit, service.mem_reservation)
    assert limits == (0.5, 256 * 1024**2, 7, 32 * 1024**2)
    assert service.device_requests == (
        DeviceRequest(driver="nvidia", count=1, capabilities=("gpu",)),
        DeviceRequest(count=-1, capabilities=("tpu",)),
    )
    assert {(each.service, each.key) for each in stack.ignored} == {
        ("a", f"deploy.{key}")
        for key in (
            "endpoint_mode",
            "labels",
            "placement",
            "resources.reservations.cpus",
            "restart_policy.delay",
            "restart_policy.window",
            "rollback_config",
            "update_config",
        )
    }
    delay = next(each for each in stack.ignored if each.key.endswith(".delay"))
    assert delay.where.endswith("compose.yml:12")


def test_what_compose_config_adds_to_a_file_means_nothing(stack_of: StackOf) -> None:
    stack = stack_of("services: {a: {image: a, deploy: {placement: {}, resources: {limits: {}}}}}")
    assert stack.ignored == () and stack.services["a"].deploy == Deploy()


def test_file_directory_and_relative_sources(stack_of: StackOf, tmp_path: Path) -> None:
    stack = stack_of("services: {web: {image: w, volumes: [./a:/a, ../b:/b, .:/c]}}")
    assert (stack.directory, stack.env_file) == (tmp_path / "Shop", tmp_path / "Shop" / ".env")
    sources = [mount.source for mount in stack.services["web"].mounts]
    assert sources == [f"{tmp_path}/Shop/a", f"{tmp_path}/b", f"{tmp_path}/Shop"]


def test_every_unsupported_service_key_is_refused_by_name(stack_of: StackOf) -> None:
    for key in _REFUSED_SERVICE:
        with pytest.raises(ConfigError) as caught:
            stack_of(f"services:\n  web:\n    image: w\n    {key}: ${{BROKEN\n")
        assert caught.value.what == f"service 'web': {key} is not supported"
        assert caught.value.where.endswith("compose.yml:4")
        assert caught.value.todo


def test_every_unsupported_top_level_key_is_refused_by_name(stack_of: StackOf) -> None:
    for key in _REFUSED_TOP_LEVEL:
        with pytest.raises(ConfigError, match=f"{key} is not supported"):
            stack_of(f"{key}: {{a: {{file: b}}}}\n{WEB}")


def test_misspelt_keys_get_the_closest_known_one_and_all_are_listed(stack_of: StackOf) -> None:
    with pytest.raises(ConfigError) as caught:
        stack_of("volums: {}\nservices:\n  web:\n    imag: w\n  db:\n    extends: web\n")
    assert caught.value.what == "volums is not a known key"
    assert caught.value.todo == "did you mean 'volumes'?"
    assert [line.partition(" (")[0] for line in caught.value.details] == [
        "service 'web': imag is not a known key",
        "service 'db': extends is not supported",
    ]


@pytest.mark.parametrize(
    ("text", "what", "line"),
    [
        ("services:\n", "No service is declared", 1),
        ("services: {}\n", "No service is declared", 1),
        ("services: []\n", "No service is declared", 1),
        ("services: [web]\n", "services must be a mapping", 1),
        ("services:\n  web:\n", "service 'web' has neither image nor build", 2),
        ("services:\n  web: {init: true}\n", "service 'web' has neither image nor build", 2),
        ("services:\n  web: nginx\n", "service 'web' has neither image nor build", 2),
        ("services:\n  web: {image: '${NO}'}\n", "service 'web': image is empty", 2),
        ("services:\n  a b: {image: x}\n", "service 'a b' is not a valid name", 2),
        ("services:\n  a: {image: x}\n  b: {image: x, container_name: shop-a-1}\n",
         "service 'b' has the same container name as 'a'", 3),
        ("services:\n  a: {image: x, depends_on: [b]}\n  b: {image: x, depends_on: [a]}\n",
         "goes in a circle", 2),
        (WEB + "networks:\n  a: {attachment: true}\n",
         "network 'a': attachment is not supported", 4),
        (WEB + "networks:\n  a: {ipam: {config: [{subnet: 10.0.0.1/24}]}}\n",
         "is not a subnet", 4),
        (WEB + "networks:\n  a: {external: true, driver: x}\n", "does not go with", 4),
        (WEB + "volumes:\n  a: {size: 1}\n", "volume 'a': size is not supported", 4),
        (WEB + "volumes: [a]\n", "volumes must be a mapping", 3),
        ("services:\n  a: {image: x, networks: {n: {ipv4_address: 10.1.0.1}}}\n"
         "networks: {n: {ipam: {config: [{subnet: 10.0.0.0/24}]}}}\n",
         "outside the subnet of network 'n'", 2),
        ("services:\n  a:\n    image: x\n    user: ${U:?who}\n", "Variable U is missing: who", 4),
        ("services:\n  a:\n    image: x\n    ports: !reset []\n", "tag '!reset'", 4),
    ],
)  # fmt: skip
def test_a_mistake_is_one_error_with_its_location(
    stack_of: StackOf, text: str, what: str, line: int
) -> None:
    with pytest.raises(ConfigError) as caught:
        stack_of(text)
    assert what in caught.value.what
    assert caught.value.where.endswith(f"compose.yml:{line}")


def test_an_absent_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"Compose file no\.yml not found"):
        read_stack(tmp_path / "no.yml", env_file=tmp_path / ".env", environ={})


def test_no_value_of_a_secret_reaches_an_error(stack_of: StackOf) -> None:
    with pytest.raises(ConfigError) as caught:
        stack_of("services: {a: {image: x, environment: {P: ['${P}']}}}", P="hunter2")
    assert "hunter2" not in str(caught.value)
