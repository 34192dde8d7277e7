"""The images that a run has to pull, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Image
from cosmicdeploy.errors import PullFailed, Refused
from cosmicdeploy.stack.model import Service
from cosmicdeploy.steps.images.borrowed import is_borrowed
from cosmicdeploy.steps.images.pull_policy import is_due, may_pull, policy_of
from cosmicdeploy.steps.refusing import refusing

UNKNOWN = "its digest is not known before the pull"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """An image to pull.

    `reference` is its tag or digest, and `why` the reason for the pull. `digest` is its digest in
    the registry; "" if unknown. `before` is the id of the image that the tag names now; None if the
    tag names none.
    """

    reference: str
    why: str
    digest: str = ""
    before: str | None = None


def wanted_images(ctx: Context, *, missing_only: bool) -> list[Wanted]:
    """Return the images that a run pulls: in a rollback the backup's, else the declared ones.

    Raises `Refused` if the registry lacks an image or refuses access, or if a declared image is
    missing and its `pull_policy` forbids a pull.
    """
    backup = ctx.run.target_backup
    if backup is None:
        images = _declared(ctx, missing_only=missing_only)
    else:
        images = _of_backup(ctx, backup.manifest.images, backup.manifest.digests)
    return list({each.reference: each for each in images}.values())


def _of_backup(ctx: Context, images: dict[str, str], digests: dict[str, str]) -> Iterator[Wanted]:
    """Yield the backup's images that are gone from this engine, but have a digest in a registry."""
    for service, image_id in images.items():
        digest = digests.get(service) if goes_back(ctx, service) else None
        if digest and ctx.image(image_id) is None:
            yield _ask(ctx, digest, f"the image of {service} is not here", None)


def goes_back(ctx: Context, service: str) -> bool:
    """Return whether a rollback needs the backup's image of a service.

    False for infrastructure that the run does not include. True for a service that the compose file
    no longer declares.
    """
    return service not in ctx.stack.services or ctx.may_replace(service)


def pulled_services(ctx: Context) -> list[Service]:
    """Return the services whose image is not built by any service of the stack."""
    built = {each.image for each in ctx.stack.services.values() if each.build is not None}
    names = (*ctx.settings.services.all, *ctx.settings.services.one_shot)
    services = [ctx.service(name) for name in names]
    return [service for service in services if service.image not in built]


def _declared(ctx: Context, *, missing_only: bool) -> Iterator[Wanted]:
    """Yield the images that the services need, and newer images of services that are replaced.

    A service is left alone if it has a container, and if `missing_only` is set or the run may not
    replace the service.
    """
    services = pulled_services(ctx)
    in_use = {each.image for each in services if ctx.container(each.name) is not None}
    for service in services:
        is_left_alone = missing_only or not ctx.may_replace(service.name)
        if is_left_alone and ctx.container(service.name) is not None:
            continue
        image = ctx.image(service.image)
        if image is None:
            yield _missing(ctx, service)
        elif not (is_left_alone and service.image in in_use):
            yield from _newer(ctx, service, image, may_be_borrowed=not is_left_alone)


def _missing(ctx: Context, service: Service) -> Wanted:
    if not may_pull(service):
        raise Refused(
            f"The image {service.image} is not on this engine, and pull_policy"
            f" {policy_of(service)} forbids pulling it",
            where=service.name,
            todo=f"`docker pull {service.image}` or `docker load` it, or change pull_policy",
        )
    return _ask(ctx, service.image, "not here", None)


def _newer(
    ctx: Context, service: Service, image: Image, *, may_be_borrowed: bool
) -> Iterator[Wanted]:
    """Yield the image of a service if it is time to ask the registry for a newer one.

    If `may_be_borrowed`, it is also time if a rollback has moved the image's tag. Yields nothing if
    the registry names exactly the image of this engine.
    """
    is_moved = may_be_borrowed and may_pull(service) and is_borrowed(ctx, service.image, image.id)
    if not is_moved and not is_due(service, image):
        return
    reason = "a rollback moved its tag" if is_moved else f"pull_policy {policy_of(service)}"
    asked = _ask(ctx, service.image, reason, image.id)
    if not asked.digest or not any(name.endswith(asked.digest) for name in image.digests):
        yield asked


def _ask(ctx: Context, reference: str, why: str, before: str | None) -> Wanted:
    with refusing(PullFailed):
        digest = ctx.engine.registry_digest(reference)
    return Wanted(reference=reference, why=why, digest=digest, before=before)
