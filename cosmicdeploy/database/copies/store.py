"""A place for copies, through fsspec: a folder, an S3 bucket, an SFTP server, ….

Whatever a store raises comes out as `BackupError`, without the options' values: secrets are among
them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cosmicdeploy.database.backups.archive import CHUNK, Digest, OnBytes, ignore_progress
from cosmicdeploy.database.backups.manifest import Content
from cosmicdeploy.database.copies.destination import Destination
from cosmicdeploy.errors import BackupError, CosmicError
from cosmicdeploy.files.atomic import open_private, sync_folder
from cosmicdeploy.signals import each_interruptible, interruptible

EXTRAS = {"s3": "cosmicdeploy[s3]", "s3a": "cosmicdeploy[s3]"}
# Where a rename is one step; an object store has none, and shows an object only when it is whole.
RENAMING = frozenset({"file", "local", "sftp", "ssh", "smb", "hdfs", "memory"})


class Store:
    """One place, opened. All methods raise `BackupError`."""

    def __init__(self, place: Destination, base: Path) -> None:
        self.place = place
        with self._telling("opened"):
            from fsspec.core import url_to_fs

            # A path without a protocol starts at the stack's folder, as all paths of the settings.
            url = place.url if "://" in place.url else str(base / place.url)
            self._fs, self._root = url_to_fs(url, **place.options)
        protocols = self._fs.protocol
        self._protocols = {protocols} if isinstance(protocols, str) else set(protocols)

    def put(self, local: Path, name: str) -> None:
        """Bring a file there under its name, as a whole or not at all."""
        target = self._path(name)
        partial = _partial(target) if self._protocols & RENAMING else target
        with self._telling("written"), interruptible():
            self._make_root()
            if self._is_local:
                open_private(Path(partial)).close()
            self._fs.put_file(str(local), partial)
            self._sync(partial)
            if partial != target:
                self._fs.mv(partial, target)
                self._sync_root()

    def read(self, name: str) -> Iterator[bytes]:
        """A file's bytes, as they come."""
        with self._telling("read"), self._fs.open(self._path(name), "rb") as file:
            yield from each_interruptible(iter(lambda: file.read(CHUNK), b""))

    def content(self, name: str, on_bytes: OnBytes = ignore_progress) -> Content:
        """Size and SHA-256 of a file, read back from there."""
        digest = Digest()
        for chunk in self.read(name):
            digest.feed(chunk)
            on_bytes(digest.bytes)
        return digest.content

    def names(self) -> list[str]:
        """The names of all files there; none where the place is not there yet."""
        with self._telling("listed"), interruptible():
            self._fs.invalidate_cache()
            if not self._fs.isdir(self._root):
                return []
            return sorted(str(path).rpartition("/")[2] for path in self._fs.ls(self._root, False))

    def remove(self, name: str) -> None:
        """Remove a file, and what a killed copy left of it; one already gone is fine."""
        with self._telling("cleared"), interruptible():
            self._fs.invalidate_cache()
            for path in (self._path(name), _partial(self._path(name))):
                if self._fs.exists(path):
                    self._fs.rm_file(path)

    def _path(self, name: str) -> str:
        return f"{self._root.rstrip('/')}/{name}"

    @property
    def _is_local(self) -> bool:
        return "file" in self._protocols

    def _make_root(self) -> None:
        if self._is_local:
            Path(self._root).mkdir(mode=0o700, parents=True, exist_ok=True)
        elif self._protocols & RENAMING:
            self._fs.makedirs(self._root, exist_ok=True)

    def _sync(self, path: str) -> None:
        if self._is_local:
            with Path(path).open("rb") as file:
                os.fsync(file.fileno())

    def _sync_root(self) -> None:
        if self._is_local:
            sync_folder(Path(self._root))

    @contextmanager
    def _telling(self, what: str) -> Iterator[None]:
        try:
            yield
        except CosmicError:
            raise
        except ImportError as error:
            raise _no_package(self.place, error) from None
        except Exception as error:  # each store has exceptions of its own
            raise BackupError(
                f"the place for copies cannot be {what}: {self.place.told(error)}",
                where=self.place.name,
                todo="see to the place, its options (backup.copies) and its credentials",
            ) from None


def _partial(path: str) -> str:
    return f"{path}.partial"


def _no_package(place: Destination, error: ImportError) -> BackupError:
    protocol = place.url.partition("://")[0]
    extra = EXTRAS.get(protocol)
    return BackupError(
        f"no package for {protocol}:// is installed",
        where=place.name,
        todo=f"pip install '{extra}'" if extra else str(error),
    )
