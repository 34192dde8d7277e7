"""Verification points about containers: `containers`, `images`, `health`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from cosmicdeploy.concurrency import map_concurrently
from cosmicdeploy.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import CosmicError, UnhealthyContainer
from cosmicdeploy.probes.http import OK, Response
from cosmicdeploy.probes.maintenance import UNTIL_RESUME, clients_are_kept_out, proxy_is_stopped
from cosmicdeploy.probes.rate_limited import TODO_LIMITED, send_until_not_rate_limited, why_unproven
from cosmicdeploy.probes.readiness import wait_ready
from cosmicdeploy.probes.result import CheckResult
from cosmicdeploy.probes.urls import proxy_url, replica_url
from cosmicdeploy.proxy.static_files.served import stale_volumes
from cosmicdeploy.text.formatting import counted

START = "run `cosmicdeploy up`: it starts every service that does not run"


def containers(ctx: Context) -> CheckResult:
    """Check that every service has a container that runs and is healthy."""
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
        todo="see `cosmicdeploy status` and the container's log"
        if any(failing.values())
        else START,
    )


def images(ctx: Context) -> CheckResult:
    """Check that all containers run the declared image, and the application's the same release.

    The volumes that the proxy serves must have the files of that image.
    """
    running = {name: ctx.container(name) for name in ctx.settings.services.deployed}
    declared = ctx.images_of(running)
    is_same = all(
        container and image and container.image_id == image.id
        for container, image in zip(running.values(), declared.values(), strict=True)
    )
    is_absent = not any(running.values())
    releases = {i.id: ctx.declared_release(name) for name, i in declared.items() if i}
    releases |= {each.image_id: ctx.release_of(each) for each in running.values() if each}
    services_by_image: dict[str, list[str]] = {}
    for name, container in running.items():
        image = _described(container.image_id, releases) if container else "no container"
        services_by_image.setdefault(image, []).append(name)
    released = [running[name] for name in ctx.settings.services.released]
    running_releases = {releases[each.image_id] for each in released if each} - {""}
    tags = sorted({_described(i.id, releases) if i else "no image" for i in declared.values()})
    stale, unknown = stale_volumes(ctx)
    found = [f"{image} in {', '.join(names)}" for image, names in services_by_image.items()]
    found += [f"files of another image in the volume {volume}" for volume in stale]
    return CheckResult(
        point="images",
        ok=is_same and len(running_releases) <= 1 and not stale,
        expected=f"the declared image in every container: {', '.join(tags)}",
        found="; ".join(found),
        todo=START
        if is_absent
        else "run `cosmicdeploy deploy`; a restart would keep the old image",
        warnings=tuple(map(_unknown_files, unknown)),
    )


def _unknown_files(volume: str) -> str:
    return (
        f"it is unknown which release's files are in the volume {volume}, which the proxy serves:"
        " `cosmicdeploy step static-files` compares them with the image"
    )


def _described(image_id: str, releases: Mapping[str, str]) -> str:
    return f"release {releases[image_id] or 'unknown'} ({image_id[:19]})"


def health(ctx: Context) -> CheckResult:
    """Check that each replica and the load balancer answer 200, with the running release.

    Sends at least one request to each.
    """
    path = ctx.settings.app.health_path
    responses = {
        name: _request(ctx, partial(replica_url, ctx, name), path)
        for name in ctx.settings.services.app
    }
    kept_out = clients_are_kept_out(ctx)
    if ctx.settings.services.proxy and not kept_out:
        responses["load balancer"] = _request(ctx, partial(proxy_url, ctx), path)
    expected = ctx.running_release()
    problems = {name: _problem(ctx, response, expected) for name, response in responses.items()}
    problems = {name: problem for name, problem in problems.items() if problem}
    releases = sorted({_response_release(ctx, response) for response in responses.values()} - {""})
    good = f"200 on all, release {', '.join(releases) or 'unknown'}"
    found = "; ".join(f"{name}: {problem}" for name, problem in problems.items()) or good
    addresses = counted(len(responses), "address", "addresses")
    is_unproven = bool(problems) and all(why_unproven(responses[name]) for name in problems)
    return CheckResult(
        point="health",
        ok=not problems,
        expected=f"200 from {path} on {addresses}, release {expected or 'unknown'}",
        found=found + (f"; no request to the load balancer: {UNTIL_RESUME}" if kept_out else ""),
        todo=TODO_LIMITED if is_unproven else "see `cosmicdeploy logs app --tail 100`",
        unproven=is_unproven,
    )


def _problem(ctx: Context, response: Response, release: str) -> str:
    """Return why a response does not show that the release works; "" if it does.

    A response without the release header may come from the web server itself.
    """
    if response.status != OK:
        return why_unproven(response) or str(response)
    header = ctx.settings.app.release_header
    if not (header and release) or _response_release(ctx, response) == release:
        return ""
    actual = _response_release(ctx, response)
    return f"200, but release {actual}" if actual else f"200 without {header}: release unknown"


def _readiness(ctx: Context, name: str) -> tuple[Container | None, bool]:
    """Return a service's container and whether it is ready.

    Waits for a container that is still starting.
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


def _request(ctx: Context, url: Callable[[], str], path: str) -> Response:
    try:
        return send_until_not_rate_limited(ctx, url() + path)
    except CosmicError as error:
        return Response(url="", error=error.what)


def _response_release(ctx: Context, response: Response) -> str:
    header = ctx.settings.app.release_header
    return response.headers.get(header, "") if header else ""
