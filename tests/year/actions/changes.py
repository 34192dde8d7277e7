"""What an operator changes besides the application: variables, checks, nginx, Redis, services."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from contextlib import closing
from typing import Any

import docker

from tests.stack.stacks.php.strangers_laravel import CACHE, JOBS, NGINX_CONF, WEB, StrangersLaravel
from tests.stack.support.harness import COMPOSE_FILE
from tests.stack.support.variants import edit
from tests.year.actions.sources import replace_once
from tests.year.attempt import Attempt

SECOND_JOBS, MAILER = "jobs-2", "mailer"


def variable(attempt: Attempt) -> None:
    """Give the application another value of a variable; all its containers get it."""
    stack, before = attempt.stack, ids(attempt.stack)
    stack.set_variable("HEARTBEAT_RATE_LIMIT", "240")
    attempt.run("deploy")
    _expect_replaced(attempt, before, stack.released)
    values = {stack.variable(name, "HEARTBEAT_RATE_LIMIT") for name in stack.released}
    attempt.expect(values == {"240"}, f"the containers have {values}")


def health_check(attempt: Attempt) -> None:
    """Let the engine check the replicas more often."""
    before = ids(attempt.stack)

    def more_often(document: dict[str, Any]) -> None:
        for name in WEB:
            document["services"][name]["healthcheck"]["interval"] = "5s"

    edit(attempt.stack.folder / COMPOSE_FILE, more_often)
    attempt.run("deploy")
    _expect_replaced(attempt, before, WEB)


def nginx_file(attempt: Attempt) -> None:
    """Let nginx send a header of its own; the file is changed in place."""
    stack, before = attempt.stack, ids(attempt.stack)
    listen = "    listen 80;\n"
    replace_once(stack.folder / NGINX_CONF, listen, f'{listen}    add_header X-Edge "2";\n')
    attempt.run("deploy")
    _expect_replaced(attempt, before, ())
    header = stack.health().headers.get("x-edge")
    attempt.expect(header == "2", f"the header of nginx is {header}")


def redis_image(attempt: Attempt) -> None:
    """Name another image of Redis: a deploy only says so, and replaces it with --include."""
    stack, before = attempt.stack, ids(attempt.stack)
    stack.set_variable("REDIS_IMAGE", _other_redis(stack))
    noticed = attempt.run("deploy").report["notices"]
    attempt.expect(any(each["service"] == CACHE for each in noticed), "no notice names Redis")
    _expect_replaced(attempt, before, ())
    attempt.run("deploy", "--include", CACHE, "--yes")
    _expect_replaced(attempt, before, (CACHE,))


def _other_redis(stack: StrangersLaravel) -> str:
    """Build an image that differs from that of Redis by a label; return its name."""
    name = f"{stack.project}-redis:other"  # removed with the stack
    image = stack.open().service(CACHE).image
    lines = f"FROM {image}\nLABEL displays.image=other\n".encode()
    with closing(docker.from_env()) as client:
        client.images.build(fileobj=io.BytesIO(lines), tag=name, rm=True)
    return name


def new_worker(attempt: Attempt) -> None:
    """Add a second queue worker to the compose file and the settings."""
    stack, before = attempt.stack, ids(attempt.stack)
    declare_like_jobs(stack, SECOND_JOBS)
    edit(stack.folder / "cosmicdeploy.yaml", _workers(JOBS, SECOND_JOBS))
    attempt.run("deploy")
    _expect_replaced(attempt, before, ())
    images = {JOBS: stack.images_of((JOBS,)), SECOND_JOBS: stack.images_of((SECOND_JOBS,))}
    attempt.expect(images[JOBS] == images[SECOND_JOBS], f"the workers' images: {images}")


def renamed_service(attempt: Attempt) -> None:
    """Give the queue worker another name; its old container is removed."""
    stack = attempt.stack
    old = stack.containers()[JOBS].id
    declare_like_jobs(stack, MAILER)
    edit(stack.folder / COMPOSE_FILE, lambda document: document["services"].pop(JOBS))
    edit(stack.folder / "cosmicdeploy.yaml", _workers(MAILER))
    attempt.run("deploy", "--remove-orphans")
    ctx = stack.open()
    names = {container.service for container in ctx.engine.containers(ctx.stack.project)}
    attempt.expect(MAILER in names and JOBS not in names, f"the services are {names}")
    attempt.expect(ctx.engine.container(old) is None, "the old worker's container is still there")


def declare_like_jobs(stack: StrangersLaravel, name: str) -> None:
    """Declare a service like the queue worker, with a container name of its own."""

    def declare(document: dict[str, Any]) -> None:
        services = document["services"]
        own = str(services[JOBS]["container_name"]).removesuffix(JOBS) + name
        services[name] = {**services[JOBS], "container_name": own}

    edit(stack.folder / COMPOSE_FILE, declare)


def _workers(*names: str) -> Callable[[Any], None]:
    return lambda document: document["services"].update(worker=list(names))


def ids(stack: StrangersLaravel) -> dict[str, str]:
    """Return the container ids by service."""
    return {name: container.id for name, container in stack.containers().items()}


def _expect_replaced(attempt: Attempt, before: dict[str, str], names: Iterable[str]) -> None:
    after = ids(attempt.stack)
    replaced = {name for name in before if after.get(name) != before[name]}
    attempt.expect(replaced == set(names), f"replaced: {', '.join(sorted(replaced)) or 'nothing'}")
