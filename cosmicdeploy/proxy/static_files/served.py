"""Find the volumes that a service shares with the proxy; compare them with the service's image."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from posixpath import basename

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.containers.creation.references import referred_services
from cosmicdeploy.engine.facts import FileFacts
from cosmicdeploy.proxy.static_files.record import ID_FILE, read_record
from cosmicdeploy.stack.model import Mount, Service, VolumeOptions

# Files that keep an empty folder in a repository: a folder for uploads often has one.
PLACEHOLDERS = frozenset({".gitignore", ".gitkeep", ".keep"})


@dataclass(frozen=True, kw_only=True)
class Served:
    """A volume that a service shares with the proxy.

    `mount` is the service's mount of the volume; its `source` is the volume's name.
    """

    service: str
    mount: Mount

    @property
    def volume(self) -> str:
        return self.mount.source


def served_volumes(ctx: Context, service: Service) -> list[Served]:
    """Return the volumes of a service that the proxy mounts too.

    Left out are volumes with `nocopy`, which the engine does not fill from the image, and volumes
    in the setting `volumes.left_alone`. Anonymous volumes, which the proxy may share by
    `volumes_from`, are found only if the service has a container. Empty if the service runs the
    proxy's own image.
    """
    proxy = _proxy(ctx)
    if proxy is None or service.image == proxy.image:
        return []
    sources = {mount.source for mount in proxy.mounts if mount.type == "volume" and mount.source}
    shares_all = service.compose_name in referred_services(proxy) and bool(proxy.volumes_from)
    left_alone = {
        ctx.stack.volumes[key].name
        for key in ctx.settings.volumes.left_alone
        if key in ctx.stack.volumes
    }
    return [
        Served(service=service.name, mount=mount)
        for mount in (*service.mounts, *(_anonymous(ctx, service) if shares_all else ()))
        if mount.type == "volume"
        and mount.source
        and (shares_all or mount.source in sources)
        and not mount.volume.nocopy
        and mount.source not in left_alone
    ]


def _proxy(ctx: Context) -> Service | None:
    name = ctx.settings.services.proxy
    return ctx.service(name) if name else None


def _anonymous(ctx: Context, service: Service) -> Iterable[Mount]:
    container = ctx.container(service.name)
    volumes = container.volumes if container else {}
    return (Mount(type="volume", source=name, target=target) for target, name in volumes.items())


def files_of(ctx: Context, image_id: str, folder: str) -> Mapping[str, FileFacts]:
    """Return the files of an image below a folder, by path, without placeholders like `.gitkeep`.

    The result is cached, since an image never changes.
    """
    key, cache = (image_id, folder), ctx.lookup_cache.image_files
    if key not in cache:
        found = ctx.engine.image_files(image_id, folder, ctx.stack.project)
        cache[key] = {p: facts for p, facts in found.items() if basename(p) not in PLACEHOLDERS}
    return cache[key]


def apart_from_served(ctx: Context, service: Service) -> Service:
    """Return the service with a new anonymous volume in place of each volume that the proxy serves.

    The engine fills an anonymous volume with the files of the image. So a trial container has the
    files of its own release, and clients do not get files that the trial writes.
    """
    return _with_own(service, [each.mount for each in served_volumes(ctx, service)])


def apart_from_stale(ctx: Context, service: Service, image_id: str) -> Service:
    """Return the service with a new anonymous volume in place of each stale volume.

    A volume is stale if the image has files for it that no deploy has put there. A volume that the
    image has no files for, such as one for uploads, stays.
    """
    stale = [
        each.mount
        for each in served_volumes(ctx, service)
        if not holds_files_of(ctx, each, image_id) and files_of(ctx, image_id, each.mount.target)
    ]
    return _with_own(service, stale)


def holds_files_of(ctx: Context, served: Served, image_id: str) -> bool:
    """Return whether a deploy has put the files of this image, or equal files, into the volume."""
    record = read_record(ctx, served.volume)
    if record is None or record.volume_id != _volume_id(ctx, served):
        return False
    return record.image == image_id or record.files == files_of(ctx, image_id, served.mount.target)


def _volume_id(ctx: Context, served: Served) -> str:
    """Return the id in a volume; "" if it has none, or if no container can be asked for it."""
    container = ctx.container(served.service)
    if container is None:
        return ""
    content = ctx.engine.read_file(container.id, f"{served.mount.target}/{ID_FILE}")
    return (content or b"").decode("ascii", "replace")


def _with_own(service: Service, mounts: Iterable[Mount]) -> Service:
    """Return the service with a new anonymous volume in place of each of these mounts."""
    replaced = {mount.target for mount in mounts}
    own = {"source": "", "read_only": False, "volume": VolumeOptions()}
    return replace(
        service,
        mounts=tuple(
            replace(mount, **own) if mount.target in replaced else mount  # type: ignore[arg-type]
            for mount in service.mounts
        ),
    )


def stale_volumes(ctx: Context) -> tuple[list[str], list[str]]:
    """Return the volumes with files of another image than the running one, and the unknown ones.

    A volume is unknown if no deploy has recorded which image's files it has.
    """
    stale, unknown = dict[str, None](), dict[str, None]()
    for name in ctx.settings.services.deployed:
        container = ctx.container(name)
        for served in served_volumes(ctx, ctx.service(name)) if container else ():
            image_id = container.image_id if container else ""
            if holds_files_of(ctx, served, image_id):
                continue
            if ctx.image(image_id) and files_of(ctx, image_id, served.mount.target):
                found = stale if read_record(ctx, served.volume) else unknown
                found[served.volume] = None
    return list(stale), list(unknown)
