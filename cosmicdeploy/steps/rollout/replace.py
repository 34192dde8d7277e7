"""Put a new container in an old one's place, with a way back until the run is over.

Stop-first, at the same name and address, as measured best behind nginx: the new container is
created beside the old one, the old one is stopped and set aside, the new one takes the name and
starts. Names tell a later run what an interrupted one left: `NAME-next-…` was on its way in,
`NAME-before-…` was set aside.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from cosmicdeploy.abort_advice import ACCEPT
from cosmicdeploy.context import Context
from cosmicdeploy.engine import labels
from cosmicdeploy.engine.containers.differences import given
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import EngineError, NeedsPerson
from cosmicdeploy.probes.readiness import wait_ready
from cosmicdeploy.stack.model import Service
from cosmicdeploy.steps.compose_hash import config_hash
from cosmicdeploy.steps.containers.stopping import end
from cosmicdeploy.steps.rollout.timings import Phases


def replace(ctx: Context, service_name: str) -> Container:
    """As `put_in_place`; raises `UnhealthyContainer` where it does not become healthy."""
    return wait_ready(ctx, put_in_place(ctx, service_name), service_name)


def put_in_place(ctx: Context, service_name: str) -> str:
    """Make the service's container anew, from the compose file and the image its tag names, and
    start it; its id. `put_back` is the way back."""
    made = make_ready(ctx, service_name, Phases())
    ctx.engine.start(made)
    return made


def make_ready(ctx: Context, service_name: str, phases: Phases, grace: float | None = None) -> str:
    """As `put_in_place`, but for the start: the old container is away, the new one has its name.

    The old one has `grace` seconds to stop in, by default the service's own.
    """
    service, old = ctx.service(service_name), ctx.container(service_name)
    made = create_next(ctx, service_name, phases)
    if old is not None:
        with phases.of(service_name, "drain"):
            end(ctx, service_name, old.id, grace)
        set_old_aside(ctx, service_name, old)
    ctx.engine.rename(made, service.container_name)
    return made


def set_old_aside(ctx: Context, service_name: str, old: Container) -> None:
    """The name that marks a container as the way back."""
    ctx.engine.rename(old.id, f"{ctx.service(service_name).container_name}-before-{old.id[:8]}")


def create_next(ctx: Context, service_name: str, phases: Phases) -> str:
    """Create the service's new container, under a temporary name; its id."""
    service, old = ctx.service(service_name), ctx.container(service_name)
    image = ctx.engine.image(service.image)
    if image is None:
        raise EngineError(
            f"The image {service.image} is not there",
            where=service.name,
            todo="build or load it, then run the same command again",
        )
    seed = (old.id if old else image.id.removeprefix("sha256:"))[:8]
    temporary = f"{service.container_name}-next-{seed}"
    leftover = ctx.engine.container(temporary)
    if leftover is not None:
        ctx.engine.remove(leftover.id)
    made_of = container_labels(ctx, service, image.id)
    if old is not None and labels.NUMBER in old.labels:
        made_of[labels.NUMBER] = old.labels[labels.NUMBER]  # its name has it, too
    with phases.of(service_name, "create"):
        return ctx.engine.create(
            service,
            name=temporary,
            image=service.image,
            project=ctx.stack.project,
            labels=made_of,
            volumes_from=old.volumes if old else None,
        )


def container_labels(ctx: Context, service: Service, image_id: str) -> dict[str, str]:
    """Compose's labels, so that its commands see the container, and ours."""
    return {
        labels.PROJECT: ctx.stack.project,
        labels.SERVICE: service.name,
        labels.NUMBER: "1",
        labels.ONEOFF: "False",
        labels.CONFIG_HASH: config_hash(ctx, service.name),
        labels.VERSION: labels.COMPOSE_VERSION,
        labels.WORKING_DIR: str(ctx.stack.directory),
        labels.CONFIG_FILES: str(ctx.stack.file),
        labels.ENVIRONMENT_FILE: str(ctx.stack.env_file),
        labels.IMAGE: image_id,
        labels.GIVEN: given(service),
    }


def facts_of(container: Container | None) -> dict[str, Any] | None:
    """What is journalled of a container before it is replaced."""
    if container is None:
        return None
    return {"id": container.id, "image": container.image_id, "running": container.is_active}


def put_back(ctx: Context, service_name: str, before: dict[str, Any] | None) -> bool:
    """Give the place back to the container that had it; from any state in between.

    Whether there was anything to do.
    """
    service, current = ctx.service(service_name), ctx.container(service_name)
    for leftover in set_aside(ctx, service):
        if "-next-" in leftover.name:
            ctx.engine.remove(leftover.id)
    if current is not None and _is(current, before):
        return False
    old = _still_there(ctx, service, before) if before is not None else None
    if current is not None and (old is None or current.id != old.id):
        end(ctx, service_name, current.id)
        ctx.engine.remove(current.id)
    if old is not None:
        _take_place(ctx, service, old, start=before is not None and before["running"])
    return True


def _is(current: Container, before: dict[str, Any] | None) -> bool:
    wanted = before and (before["id"], before["running"])
    return (current.id, current.is_active) == wanted


def _still_there(ctx: Context, service: Service, before: dict[str, Any]) -> Container:
    """Asked before anything is taken away for it."""
    found = ctx.engine.container(before["id"])
    if found is None:
        raise NeedsPerson(
            "The container that ran before is gone",
            where=service.container_name,
            todo=f"what is there now is left as it is; {ACCEPT}",
        )
    return found


def _take_place(ctx: Context, service: Service, old: Container, *, start: bool) -> None:
    if old.name != service.container_name:
        ctx.engine.rename(old.id, service.container_name)
    if start:
        ctx.engine.start(old.id)
        if why := ctx.known_failures.services.get(service.name):
            ctx.say(f"{service.name} runs as before: it did not work then ({why})")
        else:
            wait_ready(ctx, old.id, service.container_name)
    elif old.is_running:  # it was stopped for a reason, and whoever stopped it starts it
        end(ctx, service.name, old.id)


def set_aside(ctx: Context, service: Service) -> list[Container]:
    """Containers of a service under temporary names."""
    return aside_of(service, ctx.out_of_place())


def aside_of(service: Service, containers: Iterable[Container]) -> list[Container]:
    """Those of these containers that are the service's, under temporary names."""
    final = re.escape(service.container_name)
    return [c for c in containers if re.fullmatch(final + labels.SET_ASIDE.pattern, c.name)]


def let_go(ctx: Context, names: Iterable[str]) -> None:
    """Remove what was set aside of these services for the way back, side by side, each once it has
    ended its requests. What is of a service that the compose file no longer has is left: `status`
    names it."""
    there = ctx.out_of_place()
    known = [name for name in names if name in ctx.stack.services]
    left = [(name, each) for name in known for each in aside_of(ctx.service(name), there)]

    def remove(one: tuple[str, Container]) -> None:
        name, leftover = one
        if leftover.is_running:
            end(ctx, name, leftover.id)
        ctx.engine.remove(leftover.id)

    with ThreadPoolExecutor(max_workers=len(left) or 1) as pool:
        list(pool.map(remove, left))
