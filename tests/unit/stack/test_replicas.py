"""Each replica of a service has an entry of its own."""

from collections.abc import Callable

import pytest

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.stack.model import Stack
from cosmicdeploy.stack.replicas import replicas_by_service, with_replicas

pytestmark = pytest.mark.unit

FILE = """
services:
  app: {image: app, deploy: {replicas: 3}}
  mailer: {image: mailer, scale: 0}
  proxy: {image: nginx, depends_on: {app: {condition: service_healthy}}}
"""


def test_each_replica_has_an_entry_with_its_number(stack_of: Callable[..., Stack]) -> None:
    declared = stack_of(FILE)
    assert [s.replicas for s in declared.services.values()] == [3, 0, 1]
    stack = with_replicas(declared, {"app": [1, 2, 3], "mailer": []})
    assert list(stack.services) == ["app.1", "app.2", "app.3", "proxy"]
    second = stack.services["app.2"]
    assert (second.compose_name, second.number, second.container_name) == ("app", 2, "shop-app-2")
    assert stack.services["proxy"].compose_name == "proxy" and stack.services["proxy"].number == 1
    dependencies = stack.services["proxy"].depends_on
    assert list(dependencies) == ["app.1", "app.2", "app.3"]
    assert {each.condition for each in dependencies.values()} == {"service_healthy"}
    assert replicas_by_service(stack.services.values()) == {
        "app": ("app.1", "app.2", "app.3"),
        "proxy": ("proxy",),
    }


def test_a_service_with_the_name_of_a_replica_is_refused(stack_of: Callable[..., Stack]) -> None:
    declared = stack_of(FILE + "  app.2: {image: other}\n")
    with pytest.raises(ConfigError, match=r"app\.2 has the name of a replica of app"):
        with_replicas(declared, {"app": [1, 2, 3]})


def test_replicas_share_a_range_of_ports(stack_of: Callable[..., Stack]) -> None:
    """Each container gets one of them, as the engine chooses."""
    declared = stack_of("services: {app: {image: app, scale: 2, ports: ['8080-8081:80']}}\n")
    (port,) = declared.services["app"].ports
    assert (declared.services["app"].replicas, list(port.choices)) == (2, [8080, 8081])
