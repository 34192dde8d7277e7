"""The pace of a rollout: `restart` in cosmicdeploy.yaml, else `deploy.update_config`."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.settings import Restart, Services
from cosmicdeploy.settings.pace import Pace, not_followed, pace_of
from cosmicdeploy.stack.model import Deploy, Mount, Port, RolloutSettings, Service

pytestmark = pytest.mark.unit

SERVICES = Services(
    app=("web.1", "web.2", "api"), worker=("queue",), scheduler="cron", database="db"
)
SERVICES = SERVICES.with_other(["mailer"], ())
START_FIRST = RolloutSettings(order="start-first", parallelism=2, delay=5.0, monitor=30.0)
SEVERAL = SimpleNamespace(services=("web.1", "web.2"))
APPLICATIONS = {
    **dict.fromkeys(SEVERAL.services, SEVERAL),
    "api": SimpleNamespace(services=("api",)),
}
PUBLISHED = (Port(target=80, published=8080),)
DATA = (Mount(type="volume", source="data", target="/data"),)


def service(name: str, update: RolloutSettings | None = START_FIRST, **keys: Any) -> Service:
    return Service(name=name, container_name=name, image="i", deploy=Deploy(update=update), **keys)


def restart(**keys: Any) -> Any:
    """Return settings with these keys of `restart`."""
    return SimpleNamespace(
        restart=Restart.model_validate(keys),
        services=SERVICES,
        application_of=APPLICATIONS.get,
    )


@pytest.mark.parametrize(
    ("settings", "declared", "expected"),
    [
        (restart(), service("web.1", None), Pace()),
        (restart(max_unavailable=3), service("web.1", None), Pace(at_a_time=3)),
        (
            restart(order={"app": "start-first"}, max_surge=3),
            service("web.1", None),
            Pace(order="start-first", at_a_time=3),
        ),
        (
            restart(order={"worker": "start-first"}),
            service("queue", None),
            Pace(order="start-first", at_a_time=None),
        ),
        (
            restart(),
            service("web.1"),
            Pace(order="start-first", at_a_time=2, delay=5.0, monitor=30.0),
        ),
        (
            restart(order={"app": "stop-first"}, max_unavailable=1),
            service("web.1"),
            Pace(delay=5.0, monitor=30.0),
        ),
        (
            restart(order={"worker": "start-first"}, max_surge=3),
            service("web.1", RolloutSettings(parallelism=0)),
            Pace(at_a_time=None),
        ),
        (
            restart(),
            service("queue"),
            Pace(order="start-first", at_a_time=2, delay=5.0, monitor=30.0),
        ),
        (restart(), service("mailer", RolloutSettings(parallelism=2)), Pace(at_a_time=2)),
        (
            restart(),
            service("mailer", RolloutSettings(order="start-first")),
            Pace(order="start-first"),
        ),
    ],
)
def test_update_config_counts_where_the_settings_say_nothing(
    settings: Any, declared: Service, expected: Pace
) -> None:
    assert pace_of(settings, declared) == expected
    assert not list(not_followed(restart(), service("web.1")))


@pytest.mark.parametrize(
    ("settings", "declared", "key", "why"),
    [
        (restart(), service("cron"), "order", "run each job twice"),
        (restart(), service("web.1", ports=PUBLISHED), "order", "would need the port 8080"),
        (restart(), service("queue", network_mode="host"), "order", "the ports of the host"),
        (restart(), service("mailer", mounts=DATA), "order", "would write to its data in /data"),
        (restart(order={"app": "stop-first"}), service("web.1"), "order", "restart.order.app"),
        (restart(max_surge=1), service("web.1"), "parallelism", "restart.max_surge"),
        (
            restart(),
            service("web.1", RolloutSettings(parallelism=0)),
            "parallelism",
            "at least one replica continues to serve",
        ),
        (restart(), service("db"), "update_config", "only with --include, and stop-first"),
    ],
)
def test_what_is_not_followed_is_named_with_the_reason(
    settings: Any, declared: Service, key: str, why: str
) -> None:
    (found,) = not_followed(settings, declared)
    assert found.key == key and why in found.why
    if key == "order":
        assert pace_of(settings, declared).order == "stop-first"


def test_data_that_is_only_read_is_no_obstacle_and_neither_is_data_of_the_application() -> None:
    read = (Mount(type="volume", source="data", target="/data", read_only=True),)
    for declared in (service("mailer", mounts=read), service("web.1", mounts=DATA)):
        assert pace_of(restart(), declared).order == "start-first"
        assert not list(not_followed(restart(), declared))


def test_the_only_replica_starts_first_unless_something_prevents_that() -> None:
    assert pace_of(restart(), service("api", None)).order == "start-first"
    assert pace_of(restart(), service("web.1", None)).order == "stop-first"
    for declared in (
        service("api", None, ports=PUBLISHED),
        service("api", None, mounts=DATA),
        service("api", RolloutSettings(order="stop-first")),
    ):
        assert pace_of(restart(), declared).order == "stop-first"
    assert pace_of(restart(order={"app": "stop-first"}), service("api", None)).order == "stop-first"
