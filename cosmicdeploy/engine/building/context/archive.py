"""Pack a build context as a tar archive that BuildKit recognizes.

BuildKit recognizes an archive by its first 1024 bytes, and takes anything else for a Dockerfile. So
the first header must be an ordinary one: the archive is in GNU format, not PAX, and its first entry
has a short name.
"""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence

from cosmicdeploy.engine.building.context.files import ContextFile
from cosmicdeploy.errors import EngineError

_END = b"\0" * 2 * tarfile.BLOCKSIZE
_BLOCK = 1 << 18
_TEXT_MODE = 0o644
_FOLDER_MODE = 0o755


def packed(
    files: Sequence[ContextFile], texts: Mapping[str, bytes], second_name: str = ""
) -> Iterator[bytes]:
    """Yield an archive in blocks. All entries belong to root, as with `docker build`.

    `texts` maps the names of additional files to their content. If `second_name` is not "", the
    archive contains all of `files` a second time in a folder of that name, regular files as hard
    links. Raises `EngineError` if a file's size changes while the file is read, and `OSError` if
    one cannot be read.
    """
    block = bytearray()
    for part in _parts(files, texts, second_name):
        block += part
        if len(block) >= _BLOCK:
            yield bytes(block)
            block.clear()
    yield bytes(block)


def _parts(
    files: Sequence[ContextFile], texts: Mapping[str, bytes], second_name: str
) -> Iterator[bytes]:
    yield _header(_folder("./"))
    for name, content in texts.items():
        yield _header(_regular(name, _TEXT_MODE, len(content)))
        yield from _padded([content], len(content))
    for file in files:
        yield from _packed_file(file)
    if second_name:
        yield _header(_folder(second_name))
        for file in files:
            yield _header(_second(file, f"{second_name}/{file.name}"))
    yield _END


def _packed_file(file: ContextFile) -> Iterator[bytes]:
    yield _header(_info(file, file.name))
    if file.is_regular:
        try:
            yield from _padded(file.chunks(), file.size)
        except _SizeChanged:
            raise EngineError(
                "A file of the build context changed while it was read",
                where=file.path,
                todo="run the command again once no program writes to this file",
            ) from None


def _info(file: ContextFile, name: str) -> tarfile.TarInfo:
    if file.is_folder:
        info = _folder(name, file.permissions)
    elif file.is_regular:
        info = _regular(name, file.permissions, file.size)
    else:
        info = _regular(name, file.permissions, 0)
        info.type, info.linkname = tarfile.SYMTYPE, os.readlink(file.path)  # noqa: PTH115
    info.mtime = max(file.modified, 0)
    return info


def _second(file: ContextFile, name: str) -> tarfile.TarInfo:
    """Return the second entry of a file, under another name: a hard link if it is regular."""
    info = _info(file, name)
    if file.is_regular:
        info.type, info.linkname, info.size = tarfile.LNKTYPE, file.name, 0
    return info


def _folder(name: str, mode: int = _FOLDER_MODE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.mode = tarfile.DIRTYPE, mode
    return info


def _regular(name: str, mode: int, size: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.mode, info.size = mode, size
    return info


def _header(info: tarfile.TarInfo) -> bytes:
    return info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")


class _SizeChanged(Exception):
    """A file's content is not as long as the size in its header."""


def _padded(chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Yield the content, padded to whole blocks.

    Raises `_SizeChanged` unless the content has `size` bytes.
    """
    left = size
    for chunk in chunks:
        left -= len(chunk)
        if left < 0:
            break
        yield chunk
    if left:
        raise _SizeChanged
    yield b"\0" * (-size % tarfile.BLOCKSIZE)
