"""Points of the checklist that look at the containers: do they run, what, and do they answer?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from cosmicdeploy.concurrency import map_concurrently
from cosmicdeploy.context import Context, release_of
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import CosmicError, UnhealthyContainer
from cosmicdeploy.probes.http import OK, Response
from cosmicdeploy.probes.maintenance import UNTIL_RESUME, clients_are_kept_out, proxy_is_stopped
from cosmicdeploy.probes.rate_limited import TODO_LIMITED, ask_until_answered, why_unproven
from cosmicdeploy.probes.readiness import wait_ready
from cosmicdeploy.probes.result import CheckResult
from cosmicdeploy.probes.urls import proxy_url, replica_url
from cosmicdeploy.text.formatting import counted


def containers(ctx: Context) -> CheckResult:
    """Every service has a container that runs and is healthy."""
    away = ctx.settings.services.proxy if proxy_is_stopped(ctx) else None
    names = [name for name in ctx.settings.services.all if name != away]
    count = len(names)
    found = dict(zip(names, map_concurrently(partial(_judged, ctx), names), strict=True))
    bad = [
        f"{name}: {_state(container)}" for name, (container, serves) in found.items() if not serves
    ]
    stopped = f"; {away} is stopped, and {UNTIL_RESUME}" if away else ""
    return CheckResult(
        point="containers",
        ok=not bad,
        expected=f"{counted(count, 'container')} running and healthy",
        found=("; ".join(bad) or f"{count} running and healthy") + stopped,
        todo="see `cosmicdeploy status` and the container's log",
    )


def images(ctx: Context) -> CheckResult:
    """Every container of the application runs the image that its tag names, all one release."""
    running = {name: ctx.container(name) for name in ctx.settings.services.released}
    wanted = ctx.images_of(running)
    same = all(
        container and image and container.image_id == image.id
        for container, image in zip(running.values(), wanted.values(), strict=True)
    )
    ids = {each.image_id for each in running.values() if each}
    ids |= {image.id for image in wanted.values() if image}
    releases = {image_id: _release_of(ctx, image_id) for image_id in ids}
    places: dict[str, list[str]] = {}
    for name, container in running.items():
        told = _told(container.image_id, releases) if container else "no container"
        places.setdefault(told, []).append(name)
    run = {releases[each.image_id] for each in running.values() if each} - {""}
    tags = sorted({_told(i.id, releases) if i else "no image" for i in wanted.values()})
    return CheckResult(
        point="images",
        ok=same and len(run) <= 1,
        expected=f"what the tag names in every app, scheduler and worker: {', '.join(tags)}",
        found="; ".join(f"{told} in {', '.join(names)}" for told, names in places.items()),
        todo="run `cosmicdeploy deploy`: a restart keeps the old image",
    )


def _told(image_id: str, releases: Mapping[str, str]) -> str:
    return f"release {releases[image_id] or 'not told'} ({image_id[:19]})"


def _release_of(ctx: Context, image_id: str) -> str:
    return release_of(ctx.image(image_id), ctx.settings.app.release_variable)


def health(ctx: Context) -> CheckResult:
    """Each replica, and the load balancer, answer 200 with the release they run."""
    path = ctx.settings.app.health_path
    answers = {
        name: _reached(ctx, partial(replica_url, ctx, name), path)
        for name in ctx.settings.services.app
    }
    kept_out = clients_are_kept_out(ctx)
    if ctx.settings.services.proxy and not kept_out:
        answers["load balancer"] = _reached(ctx, partial(proxy_url, ctx), path)
    wanted = ctx.running_release()
    bad = {name: _problem(ctx, answer, wanted) for name, answer in answers.items()}
    bad = {name: problem for name, problem in bad.items() if problem}
    releases = sorted({_release(ctx, answer) for answer in answers.values()} - {""})
    well = f"200 on all, release {', '.join(releases) or 'not told'}"
    found = "; ".join(f"{name}: {problem}" for name, problem in bad.items()) or well
    places = counted(len(answers), "address", "addresses")
    unproven = bool(bad) and all(why_unproven(answers[name]) for name in bad)
    return CheckResult(
        point="health",
        ok=not bad,
        expected=f"200 from {path} on {places}, release {wanted or 'not told'}",
        found=found + (f"; the load balancer was not asked: {UNTIL_RESUME}" if kept_out else ""),
        todo=TODO_LIMITED if unproven else "see the log of the app container named here",
        unproven=unproven,
    )


def _problem(ctx: Context, answer: Response, wanted: str) -> str:
    """Why an answer does not show that the wanted release serves; "" where it does. One without
    the release's header may be any page of the web server's own."""
    if answer.status != OK:
        return why_unproven(answer) or str(answer)
    header = ctx.settings.app.release_header
    if not (header and wanted) or _release(ctx, answer) == wanted:
        return ""
    told = _release(ctx, answer)
    return f"200, release {told}" if told else f"200 without {header}: from an unknown release"


def _judged(ctx: Context, name: str) -> tuple[Container | None, bool]:
    """A service's container, and whether it serves. Right after its start the engine has not judged
    it yet: then it is judged here."""
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


def _reached(ctx: Context, place: Callable[[], str], path: str) -> Response:
    try:
        return ask_until_answered(ctx, place() + path)
    except CosmicError as error:
        return Response(url="", error=error.what)


def _release(ctx: Context, answer: Response) -> str:
    header = ctx.settings.app.release_header
    return answer.headers.get(header, "") if header else ""
