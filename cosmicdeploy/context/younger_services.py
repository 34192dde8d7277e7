"""Services that are younger than the backup of a rollback, and what the rollback does with them.

The backup names no image of such a service. So the rollback leaves the service out: it neither
replaces nor checks the service's container. Container, image and volumes stay. `Fate` says which of
these services are stopped, and which are not left out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from enum import StrEnum

from cosmicdeploy.context.context import Context
from cosmicdeploy.database.backups.on_disk.manifest import Manifest
from cosmicdeploy.errors import Refused
from cosmicdeploy.stack.model import Service


class Fate(StrEnum):
    """What a rollback does with a younger service, in words for the operator."""

    STAYS = "stays as it is, with its own image"
    STOPPED = (
        "is stopped, since the backup has no image that has its command; its container, image and"
        " volumes stay, and the next deploy starts it again"
    )
    ABSENT = "has no container, and gets none"
    GOES_BACK = "gets the older image of its application"


def fates(ctx: Context, manifest: Manifest) -> Mapping[str, Fate]:
    """Return the services that are younger than this backup, each with its fate.

    Returns none if the backup names no image at all: such a backup does not show which services
    existed. Raises `Refused` if the main application itself is younger, for example because it was
    renamed.
    """
    if not manifest.images:
        return {}
    services = ctx.settings.services
    known = {service.compose_name for service in declared(ctx, manifest.images).values()}
    older = [name for name in services.deployed if ctx.service(name).compose_name in known]
    _require_main_application(ctx, older)
    tags = {ctx.service(name).image for name in older}
    return {name: _fate(ctx, name, older, tags) for name in services.deployed if name not in older}


def declared(ctx: Context, names: Collection[str]) -> Mapping[str, Service]:
    """Return the declared services that a backup names, by the names in the backup.

    If the number of a service's replicas has changed since the backup, a name in the backup may no
    longer exist; it then maps to one of the present replicas. Services that are no longer declared
    are absent.
    """
    by_compose_name = {each.compose_name: each for each in ctx.stack.services.values()}
    found = {
        name: ctx.stack.services.get(name)
        or by_compose_name.get(name)
        or by_compose_name.get(_without_number(name))
        for name in names
    }
    return {name: service for name, service in found.items() if service is not None}


def leave_out(ctx: Context, manifest: Manifest) -> Context:
    """Return the context of a rollback that leaves the younger services out. Raises as `fates`."""
    found = fates(ctx, manifest)
    left_out = frozenset(name for name, fate in found.items() if fate is not Fate.GOES_BACK)
    to_stop = frozenset(name for name, fate in found.items() if fate is Fate.STOPPED)
    settings = ctx.settings.without_services(left_out)
    loaded = replace(ctx.loaded, settings=settings)
    return replace(ctx, loaded=loaded).with_run(left_out=left_out, to_stop=to_stop)


def younger_lines(found: Mapping[str, Fate], *, data_go_back: bool) -> list[str]:
    """Return a line about each younger service, for the operator to read before a rollback."""
    notes = {Fate.STAYS: " (it is stopped while the data are restored)"} if data_go_back else {}
    return [
        f"{name} is younger than the backup: it {fate}{notes.get(fate, '')}"
        for name, fate in found.items()
    ]


def _fate(ctx: Context, name: str, older: Collection[str], tags: Collection[str]) -> Fate:
    """Return what happens to the younger service `name`.

    `older` are the services that are not younger than the backup, `tags` the images they declare.
    """
    if ctx.container(name) is None:
        return Fate.ABSENT
    application = ctx.settings.application_of(name)
    if application is not None:
        return Fate.STAYS if set(application.services).isdisjoint(older) else Fate.GOES_BACK
    # A scheduler or worker runs the application's code, which is rolled back.
    if name in ctx.settings.services.singletons or ctx.service(name).image in tags:
        return Fate.STOPPED
    return Fate.STAYS


def _require_main_application(ctx: Context, older: Collection[str]) -> None:
    main = ctx.settings.main_application
    if set(main.services).isdisjoint(older):
        raise Refused(
            f"The backup has no image of {', '.join(main.services)}, so there is no older release"
            " to roll back to",
            where=f"project {ctx.stack.project}",
            todo="choose a backup with such an image: `cosmicdeploy backup list`; or, if the"
            " service was renamed since the backup, put the files of the backup's release back"
            " (sources, compose file, cosmicdeploy.yaml, and the release variable in .env), run"
            " `cosmicdeploy deploy --remove-orphans`, then run this rollback again to restore the"
            " data",
        )


def _without_number(name: str) -> str:
    """Return a service's name in the compose file: "app" for the replica "app.2"."""
    base, _, number = name.rpartition(".")
    return base if number.isdigit() else name
