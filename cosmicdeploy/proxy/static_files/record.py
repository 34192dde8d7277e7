"""Record from which image the files in a volume come.

The record of a volume is the file `.cosmicdeploy/static-files/VOLUME.json` in the stack's folder.
The record names the image and lists its files, so that a later deploy knows which files of the
volume it may replace or remove. The record and its volume contain the same random id, so that the
record is not used for a later volume of the same name, which has other files.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from shutil import rmtree

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import FileFacts
from cosmicdeploy.errors import NeedsPerson
from cosmicdeploy.files.atomic import write_atomically
from cosmicdeploy.files.bounds import move_away, read_own_file

Files = Mapping[str, FileFacts]
SET_ASIDE = "set-aside"
# The file in the root of a volume that contains the volume's id. Only root may read this file,
# since the proxy serves the volume.
ID_FILE = ".cosmicdeploy"


@dataclass(frozen=True, kw_only=True)
class Record:
    """The record of the files that deploys have put into a volume.

    `image` is an image id, and `volume_id` the content of the volume's `ID_FILE`. `files` are the
    files of the image. `former` are files that only the previous image had; they stay for one more
    release, since clients still have pages that refer to these files. `gone` are files of even
    older images, to be removed once the run has succeeded.
    """

    image: str
    volume_id: str
    files: Files = field(default_factory=dict)
    former: Files = field(default_factory=dict)
    gone: Files = field(default_factory=dict)


def read_record(ctx: Context, volume: str) -> Record | None:
    """Return the record of a volume; None if the volume has no record.

    Raises `NeedsPerson` if the record is damaged or cannot be read.
    """
    path = _path(ctx, volume)
    try:
        data = json.loads(read_own_file(path))
        files = {key: _files(data[key]) for key in ("files", "former", "gone")}
        return Record(image=str(data["image"]), volume_id=str(data["volume_id"]), **files)
    except FileNotFoundError:
        return None
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, OSError) as error:
        raise NeedsPerson(
            "It is unknown which image's files are in a volume: the record cannot be read",
            where=str(path),
            todo=f"move it away: {move_away(path)}; then run `cosmicdeploy step static-files`,"
            " which compares the volume with the image",
            details=(str(error),),
        ) from error


def write_record(ctx: Context, volume: str, record: Record) -> None:
    """Write the record of a volume. Raises `OSError`."""
    path = _path(ctx, volume)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps(asdict(record)))


def set_aside(ctx: Context, volume: str, name: str) -> None:
    """Copy the record of a volume under a name, so that an undo can restore the record.

    Without a record, the copy is an empty file. An existing copy of that name is not overwritten.
    """
    path, kept = _path(ctx, volume), _path(ctx, volume, name)
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(kept, read_own_file(path).decode() if path.exists() else "")


def put_back(ctx: Context, volume: str, name: str) -> None:
    """Restore a volume's record from the copy that `set_aside` made under this name.

    If the copy is empty, the volume had no record, so the present record is removed. If there is no
    copy, the record was not changed, and nothing is done.
    """
    kept = _path(ctx, volume, name)
    if kept.exists() and kept.stat().st_size:
        kept.replace(_path(ctx, volume))
    elif kept.exists():
        _path(ctx, volume).unlink(missing_ok=True)


def volumes_aside(ctx: Context, needed: Collection[str]) -> set[str]:
    """Return the volumes that have a copy of their record under a name not in `needed`."""
    folders = (_folder(ctx) / SET_ASIDE).glob("*")
    return {
        file.stem
        for folder in folders
        if folder.name not in needed
        for file in folder.glob("*.json")
    }


def drop_copies(ctx: Context, needed: Collection[str]) -> None:
    """Remove all copies of records, except those under the names in `needed`."""
    for folder in (_folder(ctx) / SET_ASIDE).glob("*"):
        if folder.name not in needed:
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
