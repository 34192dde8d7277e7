"""Record which image's files are in a volume, in the stack's own folder.

`.cosmicdeploy/static-files/VOLUME.json` says which image, and what its files were: so a later
deploy knows which files it may replace or remove. It counts only for the volume that it was written
for, not for a later one of the same name: both have the same random id.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from shutil import rmtree

from cosmicdeploy.context import Context
from cosmicdeploy.engine.facts import FileFacts
from cosmicdeploy.errors import NeedsPerson
from cosmicdeploy.files.atomic import write_atomically

Files = Mapping[str, FileFacts]
SET_ASIDE = "set-aside"
# A file in the root of the volume, which only root may read, since the proxy serves the volume.
ID_FILE = ".cosmicdeploy"


@dataclass(frozen=True, kw_only=True)
class Record:
    """Which image's files are in a volume; `volume_id` is the content of its `ID_FILE`.

    `files` are the files of that image, `former` those that only the image before it had: they stay
    for one more release, since clients have pages that name them. `gone` are those of still older
    images, to be removed once the run has succeeded.
    """

    image: str
    volume_id: str
    files: Files = field(default_factory=dict)
    former: Files = field(default_factory=dict)
    gone: Files = field(default_factory=dict)


def read_record(ctx: Context, volume: str) -> Record | None:
    """Return the record of a volume; None if there is none.

    Raises `NeedsPerson` if it is damaged.
    """
    path = _path(ctx, volume)
    try:
        data = json.loads(path.read_text())
        files = {key: _files(data[key]) for key in ("files", "former", "gone")}
        return Record(image=str(data["image"]), volume_id=str(data["volume_id"]), **files)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise NeedsPerson(
            "It is unknown which image's files are in a volume: the record cannot be read",
            where=str(path),
            todo="move this file away, then run `cosmicdeploy step static-files`: it compares the"
            " volume with the image",
            details=(str(error),),
        ) from error


def write_record(ctx: Context, volume: str, record: Record) -> None:
    """Write the record of a volume. Raises `OSError`."""
    path = _path(ctx, volume)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps(asdict(record)))


def set_aside(ctx: Context, volume: str, name: str) -> None:
    """Keep a copy of the record, if there is one, under a name; an older copy stays."""
    path, kept = _path(ctx, volume), _path(ctx, volume, name)
    if path.exists() and not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(kept, path.read_text())


def put_back(ctx: Context, volume: str, name: str, *, had_record: bool) -> None:
    """Put the copy of that name back; if there was no record before, remove the record."""
    kept = _path(ctx, volume, name)
    if kept.exists():
        kept.replace(_path(ctx, volume))
    elif not had_record:
        _path(ctx, volume).unlink(missing_ok=True)


def drop_copies(ctx: Context, kept: Collection[str]) -> None:
    """Remove all copies, except those of these names."""
    for folder in (_folder(ctx) / SET_ASIDE).glob("*"):
        if folder.name not in kept:
            rmtree(folder, ignore_errors=True)


def _path(ctx: Context, volume: str, name: str = "") -> Path:
    folder = _folder(ctx) / SET_ASIDE / name if name else _folder(ctx)
    return folder / f"{volume}.json"


def _folder(ctx: Context) -> Path:
    return ctx.loaded.state_directory / "static-files"


def _files(data: Mapping[str, Mapping[str, str | int]]) -> Files:
    return {
        path: FileFacts(
            content=str(each["content"]), mode=int(each["mode"]), owner=str(each["owner"])
        )
        for path, each in data.items()
    }
