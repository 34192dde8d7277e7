"""Reading the `deploy` section of a service."""

from collections.abc import Callable

import pytest

from cosmicdeploy.stack.model import (
    Deploy,
    DeviceRequest,
    RolloutSettings,
    Stack,
)

pytestmark = pytest.mark.unit

StackOf = Callable[..., Stack]


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
    keys = {each.what.split()[1] for each in stack.remarks}
    assert keys == {
        f"deploy.{key}"
        for key in (
            "endpoint_mode",
            "labels",
            "placement",
            "resources.reservations.cpus",
            "restart_policy.delay",
            "restart_policy.window",
            "rollback_config",
            "update_config.max_failure_ratio",
        )
    }
    delay = next(each for each in stack.remarks if ".delay" in each.what)
    assert delay.service == "a" and "compose.yml:12" in delay.what


def test_what_compose_config_adds_to_a_file_means_nothing(stack_of: StackOf) -> None:
    stack = stack_of("services: {a: {image: a, deploy: {placement: {}, resources: {limits: {}}}}}")
    assert stack.remarks == () and stack.services["a"].deploy == Deploy()


@pytest.mark.parametrize("action", ["pause", "continue"])
def test_another_action_after_a_failure_than_an_undo_is_named(
    stack_of: StackOf, action: str
) -> None:
    update = f"{{order: start-first, max_failure_ratio: 0, failure_action: {action}}}"
    stack = stack_of(f"services: {{a: {{image: a, deploy: {{update_config: {update}}}}}}}\n")
    (remark,) = stack.remarks
    assert remark.service == "a" and "deploy.update_config.failure_action" in remark.what
    assert "is undone" in remark.what
