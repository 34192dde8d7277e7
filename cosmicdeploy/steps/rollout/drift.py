"""Compare a service's container with the declared image and definition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.containers.creation.references import referred_services
from cosmicdeploy.engine.facts import Container, Difference, Image
from cosmicdeploy.errors import EngineError, Refused
from cosmicdeploy.probes.mounted_files.changes import FileChange, unchanged_sources
from cosmicdeploy.steps.images.tags import how_to_get
from cosmicdeploy.steps.infrastructure.files import FileChanges, file_changes

STOPPED = "stopped"
PAUSED = "paused"
# For these reasons the container in place is started or continued, but not replaced.
STARTED_IN_PLACE = (STOPPED, PAUSED)
MISSING = "no container"
ANOTHER_IMAGE = "another image runs"
OLDER_IMAGE = "an older image runs"
# A plan names at most this many differing keys; the report has all of them.
SHOWN_KEYS = 4


@dataclass(frozen=True, kw_only=True)
class Drift:
    """A service's container, and why it is not as declared.

    `reason` is None if the container is as declared. `keys` are the keys of the compose file in
    which the container differs. `reloadable` are changed files that the proxy can load without
    being replaced; they do not count as drift.
    """

    container: Container | None
    reason: str | None
    keys: Sequence[Difference] = ()
    reloadable: Sequence[FileChange] = ()


def drift_of(
    ctx: Context, name: str, *, may_be_stopped: bool = False, with_files: bool = True
) -> Drift:
    """Compare a service's container with its declaration.

    A stopped or paused container counts as drifted, except with `may_be_stopped`. With
    `with_files`, a container of infrastructure also counts as drifted if a mounted file has changed
    in a way that only a new container sees.

    Raises `EngineError` if the declared image does not exist, and no earlier step of the plan puts
    the image in place.
    """
    container, image = ctx.container(name), ctx.image_of(name)
    if container is None:
        return Drift(container=None, reason=MISSING)
    if image is None and not is_renewed(ctx, ctx.service(name).image):
        raise EngineError(
            f"The image {ctx.service(name).image} does not exist",
            where=name,
            todo=how_to_get(ctx.service(name)),
        )
    keys = ctx.engine.differences(container.id, ctx.service(name))
    files = FileChanges()
    if with_files and name in ctx.settings.services.infrastructure:
        files = file_changes(ctx, name, container)
        mounted = {mount.key for mount in ctx.service(name).mounts}
        keys = [each for each in keys if each.key not in mounted]  # files are compared by content
    elif keys:
        # A secret or config that was written again with the same content is no drift.
        unchanged = unchanged_sources(ctx, name, container)
        keys = [each for each in keys if each.key not in unchanged]
    reasons = [
        *_former_service(container, ctx.service(name).compose_name),
        *_image_reasons(ctx, container, image, ctx.service(name).image),
        *_definition_reasons(keys),
        *map(str, files.needing_container),
    ]
    if not container.is_running and not may_be_stopped:
        reasons = reasons or [why_down(container)]
    return Drift(
        container=container,
        reason=", ".join(reasons) or None,
        keys=keys,
        reloadable=files.reloadable,
    )


def why_down(container: Container) -> str:
    """Return the reason for which a container that does not run has to be started."""
    return PAUSED if container.is_paused else STOPPED


def with_sharing_services(ctx: Context, drifts: Mapping[str, Drift]) -> dict[str, Drift]:
    """Return the drifts; a service that shares something with a replaced container drifts too.

    Such a service refers to the container by its id (`network_mode: service:…`, `volumes_from`).
    """
    result = dict(drifts)
    for _ in drifts:  # repeated, since services may share in a chain
        replaced = {
            ctx.service(name).compose_name
            for name, drift in result.items()
            if drift.reason not in (None, *STARTED_IN_PLACE)
        }
        for name, drift in result.items():
            others = sorted(referred_services(ctx.service(name)) & replaced)
            if others and drift.reason in (None, *STARTED_IN_PLACE):
                reason = f"refers to the container of {', '.join(others)}, which is replaced"
                result[name] = replace(drift, reason=reason)
    return result


def require_sharing_included(ctx: Context, drifts: Mapping[str, Drift]) -> None:
    """Raise `Refused` if infrastructure shares something with a container that is replaced.

    The infrastructure would lose its network, for example, and has to be replaced as well. Only the
    operator decides that, by including the infrastructure in the run.
    """
    replaced = {
        ctx.service(name).compose_name
        for name, drift in drifts.items()
        if drift.reason not in (None, *STARTED_IN_PLACE, MISSING)
    }
    for name in ctx.settings.services.infrastructure:
        others = sorted(referred_services(ctx.service(name)) & replaced)
        if others and not ctx.may_replace(name):
            raise Refused(
                f"{name} refers to the container of {', '.join(others)}, which is replaced, so"
                " it has to be replaced as well",
                where=name,
                todo=f"include it: `cosmicdeploy deploy --include {name}`",
            )


def as_json(keys: Iterable[Difference]) -> list[dict[str, Any]]:
    """Return the differing keys as JSON for the report."""
    return [asdict(each) for each in keys]


def _former_service(container: Container, service: str) -> list[str]:
    """Return a reason if the container was made for another service, under the same name.

    That is so after a service with a `container_name` was renamed. Compose cannot take the
    container over: it would create a second container with that name.
    """
    if container.service in ("", service):
        return []
    return [f"created for the service {container.service}"]


def _image_reasons(
    ctx: Context, container: Container, image: Image | None, image_name: str
) -> list[str]:
    if image is None or is_renewed(ctx, image_name):
        return [OLDER_IMAGE]
    return [ANOTHER_IMAGE] if container.image_id != image.id else []


def is_renewed(ctx: Context, image_name: str) -> bool:
    """Return whether an earlier step of the plan puts another image in place under this name.

    If it is not known which images these steps put in place, every image that the stack builds
    counts.
    """
    if not ctx.run.steps_ahead.build_images:
        return False
    if ctx.run.images_ahead is not None:
        return image_name in ctx.run.images_ahead
    return any(s.build is not None and s.image == image_name for s in ctx.stack.services.values())


def _definition_reasons(keys: Sequence[Difference]) -> list[str]:
    shown = [f"{each.key} {each.change}" for each in keys[:SHOWN_KEYS]]
    more = len(keys) - len(shown)
    return [*shown, f"{more} more"] if more else shown
