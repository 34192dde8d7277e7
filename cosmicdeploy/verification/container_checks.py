"""Verification points about containers: `containers`, `images`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from cosmicdeploy.context.context import Context
from cosmicdeploy.context.releases import declared_release, release_of
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import UnhealthyContainer
from cosmicdeploy.probes.maintenance import UNTIL_RESUME, proxy_is_stopped
from cosmicdeploy.probes.readiness import wait_ready
from cosmicdeploy.probes.result import CheckResult
from cosmicdeploy.process.concurrency import map_concurrently
from cosmicdeploy.proxy.static_files.served import stale_volumes
from cosmicdeploy.text.formatting import counted

START = "run `cosmicdeploy up`: it starts every service that does not run, or is paused"
SEE_LOG = "see `cosmicdeploy status` and the container's log"


def containers(ctx: Context) -> CheckResult:
    """Check that every service has a container that runs and is healthy.

    Waits for containers that are still starting. Leaves out the proxy while the run has stopped it
    to turn clients away.
    """
    stopped_proxy = ctx.settings.services.proxy if proxy_is_stopped(ctx) else None
    names = [name for name in ctx.settings.services.all if name != stopped_proxy]
    count = len(names)
    states = zip(names, map_concurrently(partial(_readiness, ctx), names), strict=True)
    failing = {name: container for name, (container, is_ready) in states if not is_ready}
    lines = [f"{name}: {_state(container)}" for name, container in failing.items()]
    stopped = f"; {stopped_proxy} is stopped, and {UNTIL_RESUME}" if stopped_proxy else ""
    return CheckResult(
        point="containers",
        ok=not failing,
        expected=f"{counted(count, 'container')} running and healthy",
        found=("; ".join(lines) or f"{count} running and healthy") + stopped,
        todo=START
        if all(each is None or each.can_be_started for each in failing.values())
        else SEE_LOG,
    )


def images(ctx: Context) -> CheckResult:
    """Check that every container that a deploy replaces runs its declared image.

    All containers of an application must run the same release. The volumes that the proxy serves
    must have the files of the declared image.
    """
    running = {name: ctx.container(name) for name in ctx.settings.services.deployed}
    declared = ctx.images_of(running)
    is_same = all(
        container and image and container.image_id == image.id
        for container, image in zip(running.values(), declared.values(), strict=True)
    )
    has_no_container = not any(running.values())
    releases = {i.id: declared_release(ctx, name) for name, i in declared.items() if i}
    releases |= {each.image_id: release_of(ctx, each) for each in running.values() if each}
    services_by_image: dict[str, list[str]] = {}
    for name, container in running.items():
        image = _described(container.image_id, releases) if container else "no container"
        services_by_image.setdefault(image, []).append(name)
    mixed = [
        each.name
        for each in ctx.settings.all_applications
        if len(_releases_of(ctx.settings.released_by(each), running, releases)) > 1
    ]
    tags = sorted({_described(i.id, releases) if i else "no image" for i in declared.values()})
    stale, unknown = stale_volumes(ctx)
    found = [f"{image} in {', '.join(names)}" for image, names in services_by_image.items()]
    found += [f"files of another image in the volume {volume}" for volume in stale]
    return CheckResult(
        point="images",
        ok=is_same and not mixed and not stale,
        expected=f"the declared image in every container: {', '.join(tags)}",
        found="; ".join(found),
        todo=START
        if has_no_container
        else "run `cosmicdeploy deploy`; a restart would keep the old image",
        warnings=tuple(map(_unknown_files, unknown)),
    )


def _unknown_files(volume: str) -> str:
    return (
        f"it is unknown which release's files are in the volume {volume}, which the proxy serves:"
        " `cosmicdeploy step static-files` compares them with the image"
    )


def _releases_of(
    names: Sequence[str], running: Mapping[str, Container | None], releases: Mapping[str, str]
) -> set[str]:
    """Return the known releases that these services run."""
    return {releases[each.image_id] for name in names if (each := running[name])} - {""}


def _described(image_id: str, releases: Mapping[str, str]) -> str:
    """Return an image's release and short id, such as "release 1.2 (sha256:1a2b3c4d5e6f)"."""
    return f"release {releases[image_id] or 'unknown'} ({image_id[:19]})"


def _readiness(ctx: Context, name: str) -> tuple[Container | None, bool]:
    """Return a service's container and whether it is ready.

    Waits for a container that is still starting. If it does not become ready, returns it as it is
    now.
    """
    container = ctx.container(name)
    if container is None or container.health != "starting":
        return container, container is not None and container.is_ready
    try:
        wait_ready(ctx, container.id, name)
    except UnhealthyContainer:
        return ctx.engine.container(container.id), False
    return container, True


def _state(container: Container | None) -> str:
    if container is None:
        return "no container"
    return container.health if container.is_running and container.health else container.status
