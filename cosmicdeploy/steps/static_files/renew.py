"""Put the files of an image into a volume, and remove files of older images from it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from posixpath import dirname
from typing import Any

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Image
from cosmicdeploy.errors import CosmicError, EngineError, NeedsPerson
from cosmicdeploy.journal.step_kinds import STATIC_FILES
from cosmicdeploy.journal.unfinished.interrupted_run import intents
from cosmicdeploy.journal.unfinished.unfinished import unfinished
from cosmicdeploy.proxy.static_files import record
from cosmicdeploy.proxy.static_files.served import files_of
from cosmicdeploy.stack.model import Mount, VolumeOptions
from cosmicdeploy.steps.images.tags import how_to_get
from cosmicdeploy.steps.static_files.renewal import Renewal, next_record, renewal
from cosmicdeploy.steps.static_files.scripts import (
    KEPT,
    PREFIX,
    clean_script,
    install_script,
    undo_script,
)
from cosmicdeploy.steps.static_files.volume_shell import (
    VolumeShell,
    let_engine_fill,
    volume_shell,
)
from cosmicdeploy.text.formatting import counted

# What the journal records of a volume: service, target, subpath, image, and `had_record`.
Facts = Mapping[str, Any]


def existing_image(ctx: Context, name: str) -> Image:
    """Return the image that a service declares; raises `EngineError` if there is none."""
    image = ctx.image_of(name)
    if image is None:
        raise EngineError(
            f"The image {ctx.service(name).image} does not exist",
            where=name,
            todo=how_to_get(ctx.service(name)),
        )
    return image


def _mount(volume: str, facts: Facts) -> Mount:
    options = VolumeOptions(subpath=facts["subpath"])
    return Mount(type="volume", source=volume, target=facts["target"], volume=options)


def shell_of(ctx: Context, volume: str, facts: Facts) -> AbstractContextManager[VolumeShell]:
    """Return a shell on a volume, in a container of the image that the journal recorded.

    If that image is gone, the container has the service's present image. Raises `NeedsPerson` if
    the service is no longer declared.
    """
    name = facts["service"]
    if name not in ctx.stack.services:
        raise NeedsPerson(
            f"The compose file declares no service {name!r}, which filled the volume {volume}",
            where=str(ctx.stack.file),
            todo=f"put {name} back into the compose file, then run the same command again",
        )
    image = ctx.image(facts["image"]) or existing_image(ctx, name)
    return volume_shell(ctx, ctx.service(name), image.id, _mount(volume, facts))


def renew(ctx: Context, volume: str, facts: Facts, name: str) -> dict[str, Any]:
    """Put the files of the image into a volume; return for the report what was changed and left.

    Copies of replaced files that no deploy had put there are kept. `name` is the name of the run's
    folder in the volume, without PREFIX. Raises `CosmicError` if the files cannot be put in place.
    """
    ctx.safe_point()
    _ensure_volume(ctx, volume)
    service, image_id = ctx.service(facts["service"]), str(facts["image"])
    wanted = files_of(ctx, image_id, facts["target"])
    _require_no_line_breaks(service.image, wanted)
    let_engine_fill(ctx, service, image_id, _mount(volume, facts))
    known = record.read_record(ctx, volume)
    record.set_aside(ctx, volume, name)
    with shell_of(ctx, volume, facts) as shell:
        volume_id = shell.volume_id()
        # The record is of another volume if this one was removed and created again.
        known = known if known and known.volume_id == volume_id else None
        shell.run_file(clean_script(names_in_use(ctx)))
        changes = _install(shell, name, facts["target"], wanted, known)
    record.write_record(ctx, volume, next_record(image_id, volume_id, wanted, known))
    ctx.say(f"{volume}: {changes}")
    _warn_of_unknown(ctx, volume, name, changes)
    return {
        "added": len(changes.added),
        "changed": len(changes.replaced) + len(changes.unknown),
        "left": list(changes.left),
        "kept_copies": list(changes.unknown),
    }


def _install(
    shell: VolumeShell,
    name: str,
    source: str,
    wanted: record.Files,
    known: record.Record | None,
) -> Renewal:
    """Write the files that differ, and check them; return which files were written and left.

    `name` is that of the run's folder, `source` the image's folder. Before anything is replaced,
    the run's folder gets the script that undoes it. Raises `CosmicError` if a file is not as
    written.
    """
    folders = _folders(wanted)
    present = shell.present([*wanted, *folders])
    changes = renewal(wanted, present.files, known)
    if not changes.written:
        return changes
    missing = _folders(changes.written) - present.folders
    shell.write(f"{PREFIX}{name}/undo", undo_script(name, changes, missing))
    shell.run_file(install_script(name, source, changes, missing))
    again = shell.present(changes.written).files
    if wrong := [path for path in changes.written if again.get(path) != wanted[path]]:
        raise CosmicError(
            f"Files in the volume differ from those just written: {', '.join(wrong[:5])}",
            where=source,
            todo="see whether something else writes to the volume, then run the command again",
        )
    return changes


def _folders(paths: Collection[str] | Mapping[str, object]) -> set[str]:
    """Return all folders on the way to these paths, without the root."""
    found: set[str] = set()
    for path in paths:
        folder = dirname(path)
        while folder and folder not in found:
            found.add(folder)
            folder = dirname(folder)
    return found


def names_in_use(ctx: Context) -> list[str]:
    """Return the folder names of the unfinished runs, including this run's, without PREFIX."""
    return [
        each.before["set_aside"]
        for each in intents(unfinished(ctx.journal, own=True), STATIC_FILES)
    ]


def _ensure_volume(ctx: Context, volume: str) -> None:
    for declared in ctx.stack.volumes.values():
        if declared.name == volume and not declared.external:
            ctx.engine.ensure_volume(declared, ctx.stack.project)


def _require_no_line_breaks(image: str, wanted: record.Files) -> None:
    """Raise `CosmicError` if a name has a line break: the scripts read one path a line."""
    if unusual := [path for path in wanted if "\n" in path or "\r" in path]:
        raise CosmicError(
            f"The image {image} has a file whose name contains a line break",
            where=repr(unusual[0]),
            todo="rename the file, or name the volume in `volumes.left_alone`",
        )


def _warn_of_unknown(ctx: Context, volume: str, name: str, changes: Renewal) -> None:
    if changes.unknown:
        ctx.warn(
            f"{volume}: {counted(len(changes.unknown), 'file')} that no deploy had put there"
            f" {'were' if len(changes.unknown) > 1 else 'was'} replaced, such as"
            f" {changes.unknown[0]}; copies are in the volume's folder"
            f" {KEPT}/{name}, which only root may read"
        )


def remove_gone(ctx: Context, volume: str, shell: VolumeShell) -> None:
    """Remove the files that neither the present image nor the one before it has.

    Files that were changed since they were put into the volume stay.
    """
    known = record.read_record(ctx, volume)
    if known is None or not known.gone:
        return
    present = shell.present(known.gone).files
    shell.remove(path for path, facts in known.gone.items() if present.get(path) == facts)
    record.write_record(ctx, volume, replace(known, gone={}))
