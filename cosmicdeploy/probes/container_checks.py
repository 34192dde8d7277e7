"""Points of the checklist that look at the containers: do they run, what, and do they answer?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from cosmicdeploy.context import Context, release_of
from cosmicdeploy.engine.model import Container
from cosmicdeploy.errors import CosmicError, UnhealthyContainer
from cosmicdeploy.probes.http import OK, Answer, ask_again
from cosmicdeploy.probes.places import proxy_url, replica_url
from cosmicdeploy.probes.readiness import wait_ready
from cosmicdeploy.probes.result import CheckResult
from cosmicdeploy.words import counted


def containers(ctx: Context) -> CheckResult:
    """Every service has a container that runs and is healthy."""
    names = ctx.settings.services.all
    count = len(names)
    with ThreadPoolExecutor(max_workers=count) as pool:
        found = dict(zip(names, pool.map(partial(_judged, ctx), names), strict=True))
    bad = [
        f"{name}: {_state(container)}" for name, (container, serves) in found.items() if not serves
    ]
    return CheckResult(
        point="containers",
        ok=not bad,
        expected=f"{counted(count, 'container')} running and healthy",
        found="; ".join(bad) or f"{count} running and healthy",
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
        name: _reached(partial(replica_url, ctx, name), path) for name in ctx.settings.services.app
    }
    if ctx.settings.services.proxy:
        answers["load balancer"] = _reached(partial(proxy_url, ctx), path)
    bad = [f"{name}: {found}" for name, found in answers.items() if found.status != OK]
    releases = sorted({_release(ctx, answer) for answer in answers.values()} - {""})
    wanted = ctx.running_release()
    same = not (ctx.settings.app.release_header and wanted) or releases == [wanted]
    places = counted(len(answers), "address", "addresses")
    return CheckResult(
        point="health",
        ok=not bad and same,
        expected=f"200 from {path} on {places}, release {wanted or 'not told'}",
        found="; ".join(bad) or f"200 on all, release {', '.join(releases) or 'not told'}",
        todo="see the log of the app container named here",
    )


def _judged(ctx: Context, name: str) -> tuple[Container | None, bool]:
    """A service's container, and whether it serves. Right after its start the engine has not judged
    it yet: then it is judged here."""
    container = ctx.container(name)
    if container is None or container.health != "starting":
        return container, container is not None and container.ready
    try:
        wait_ready(ctx, container.id, name)
    except UnhealthyContainer:
        return ctx.engine.container(container.id), False
    return container, True


def _state(container: Container | None) -> str:
    if container is None:
        return "no container"
    return container.health if container.running and container.health else container.status


def _reached(place: Callable[[], str], path: str) -> Answer:
    try:
        return ask_again(place() + path)
    except CosmicError as error:
        return Answer(url="", error=error.what)


def _release(ctx: Context, answer: Answer) -> str:
    header = ctx.settings.app.release_header
    return answer.headers.get(header, "") if header else ""
