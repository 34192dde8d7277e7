"""Pack a build context as a tar archive, in the one form that BuildKit takes without a session.

BuildKit recognizes an archive by its first 1024 bytes and would take any other for a Dockerfile. So
the archive is in GNU format without PAX headers and begins with a short entry.
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
    """Yield an archive in blocks; everything in it belongs to root, as with `docker build`.

    `texts` are further files, by name. If `second_name` is given, everything in `files` is also in
    the folder of that name, as hard links. Raises `EngineError` if a file changes meanwhile.
    """
    block = bytearray()
    for part in _parts(files, texts, second_name):
        block += part
        if len(block) >= _BLOCK:
            yield bytes(block)
            block.clear()
    yield bytes(block)


def _parts(
    known: Sequence[ContextFile], texts: Mapping[str, bytes], second_name: str
) -> Iterator[bytes]:
    yield _header(_folder("./"))
    for name, content in texts.items():
        yield _header(_regular(name, _TEXT_MODE, len(content)))
        yield from _padded([content], len(content))
    for file in known:
        yield from _packed_file(file)
    if second_name:
        yield _header(_folder(second_name))
        for file in known:
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
                todo="run the command again, once nothing writes to it",
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
    """A file is not as long as its header says."""


def _padded(chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    left = size
    for chunk in chunks:
        left -= len(chunk)
        if left < 0:
            break
        yield chunk
    if left:
        raise _SizeChanged
    yield b"\0" * (-size % tarfile.BLOCKSIZE)
