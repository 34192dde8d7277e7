"""Decide which files of a volume a deploy writes, and which it leaves as they are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cosmicdeploy.engine.facts import FileFacts
from cosmicdeploy.proxy.static_files.record import Files, Record
from cosmicdeploy.text.formatting import counted


@dataclass(frozen=True, kw_only=True)
class Renewal:
    """The files of an image that differ from a volume; paths are relative to the volume's root.

    - `added`: the volume does not have the file
    - `replaced`: the volume has an older file, which a deploy has put there
    - `unknown`: the volume has a different file, which no deploy has put there; it is replaced, and
      a copy is kept
    - `left`: since the last deploy, something other than a deploy has changed or removed the file
      in the volume; it stays like that, because the new image has the same file as the former image
    """

    added: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    left: tuple[str, ...] = ()

    @property
    def written(self) -> tuple[str, ...]:
        """The files to write."""
        return (*self.added, *self.replaced, *self.unknown)

    def __str__(self) -> str:
        parts = {
            "new": self.added,
            "changed": (*self.replaced, *self.unknown),
            "left as it is" if len(self.left) == 1 else "left as they are": self.left,
        }
        texts = [f"{counted(len(paths), 'file')} {what}" for what, paths in parts.items() if paths]
        return ", ".join(texts) or "every file is there already"


def renewal(image: Files, volume: Files, record: Record | None) -> Renewal:
    """Compare the files of an image with those of a volume, at the same paths.

    `record` says which files the last deploy has put into the volume.
    """
    known = record.files if record else {}
    former = {**record.former, **record.gone} if record else {}
    by_kind: dict[str, list[str]] = {"added": [], "replaced": [], "unknown": [], "left": []}
    for path, wanted in sorted(image.items()):
        kind = _kind(wanted, volume.get(path), known.get(path), former.get(path))
        if kind:
            by_kind[kind].append(path)
    return Renewal(**{kind: tuple(paths) for kind, paths in by_kind.items()})


def _kind(
    wanted: FileFacts, present: FileFacts | None, known: FileFacts | None, former: FileFacts | None
) -> str:
    """Return the field of `Renewal` for a file; "" if the volume has it as the image does.

    `wanted` is the image's file and `present` the volume's. `known` is what the last deploy has put
    there, and `former` what an earlier one had.
    """
    if present == wanted:
        return ""
    if known == wanted:
        return "left"
    if present is None:
        return "added"
    return "replaced" if present in (known, former) else "unknown"


def next_record(image_id: str, volume_id: str, image: Files, record: Record | None) -> Record:
    """Return the record of a volume once it has the files of the image.

    `former` are the files that only the image before has: they stay for one more release. `gone`
    are those that neither has. The same image again changes nothing in the record.
    """
    if record is None:
        return Record(image=image_id, volume_id=volume_id, files=image)
    if record.image == image_id:
        return record
    older = {**record.gone, **record.former}
    return Record(
        image=image_id,
        volume_id=volume_id,
        files=image,
        former=_without(record.files, image),
        gone=_without(older, {**image, **record.files}),
    )


def _without(files: Files, paths: Iterable[str]) -> Files:
    left_out = set(paths)
    return {path: facts for path, facts in files.items() if path not in left_out}
