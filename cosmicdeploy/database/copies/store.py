"""Read and write files at a destination with fsspec: a folder, an S3 bucket, an SFTP server.

Every error of fsspec becomes a `BackupError` without the values of the options, since some of them
are secrets.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cosmicdeploy.database.backups.on_disk.archive import (
    CHUNK_BYTES,
    Digest,
    OnBytes,
    ignore_progress,
)
from cosmicdeploy.database.backups.on_disk.manifest import Content
from cosmicdeploy.database.copies.destination import Destination
from cosmicdeploy.errors import BackupError, CosmicError
from cosmicdeploy.files.atomic import open_private, sync_folder
from cosmicdeploy.process.signals import each_interruptible, interruptible

# Protocol → the optional dependency of this package that the protocol needs.
EXTRAS = {"s3": "cosmicdeploy[s3]", "s3a": "cosmicdeploy[s3]"}
# Protocols with an atomic rename. Object stores need no rename: an object appears only when it is
# complete.
RENAMING = frozenset({"file", "local", "sftp", "ssh", "smb", "hdfs", "memory"})


class Store:
    """An opened destination. All methods raise `BackupError`."""

    def __init__(self, destination: Destination, base: Path) -> None:
        self.destination = destination
        with self._converting_errors("opened"):
            from fsspec.core import url_to_fs

            # A relative path is relative to the stack's folder, like all paths in the settings.
            url = destination.url if "://" in destination.url else str(base / destination.url)
            self._fs, self._root = url_to_fs(url, **destination.options)
        protocols = self._fs.protocol
        self._protocols = {protocols} if isinstance(protocols, str) else set(protocols)

    def put(self, local: Path, name: str) -> None:
        """Copy a local file to the destination as `name`, completely or not at all."""
        target = self._path(name)
        partial = _partial(target) if self._protocols & RENAMING else target
        with self._converting_errors("written"), interruptible():
            self._make_root()
            if self._is_local:  # so that no other user can read the file while it grows
                open_private(Path(partial)).close()
            self._fs.put_file(str(local), partial)
            self._sync(partial)
            if partial != target:
                self._fs.mv(partial, target)
                self._sync_root()

    def read(self, name: str) -> Iterator[bytes]:
        """Yield the bytes of a file at the destination."""
        with self._converting_errors("read"), self._fs.open(self._path(name), "rb") as file:
            yield from each_interruptible(iter(lambda: file.read(CHUNK_BYTES), b""))

    def content(self, name: str, on_bytes: OnBytes = ignore_progress) -> Content:
        """Read a file back and return its size and SHA-256."""
        digest = Digest()
        for chunk in self.read(name):
            digest.feed(chunk)
            on_bytes(digest.bytes)
        return digest.content

    def names(self) -> list[str]:
        """Return the names of all files, sorted; empty if the destination does not exist yet."""
        with self._converting_errors("listed"), interruptible():
            self._fs.invalidate_cache()
            if not self._fs.isdir(self._root):
                return []
            paths = self._fs.ls(self._root, detail=False)
            return sorted(str(path).rpartition("/")[2] for path in paths)

    def remove(self, name: str) -> None:
        """Remove a file, and its partial file from a killed copy, if they exist."""
        with self._converting_errors("cleaned up"), interruptible():
            self._fs.invalidate_cache()
            for path in (self._path(name), _partial(self._path(name))):
                if self._fs.exists(path):
                    self._fs.rm_file(path)

    def _path(self, name: str) -> str:
        return f"{self._root.rstrip('/')}/{name}"

    @property
    def local_folder(self) -> Path | None:
        """The folder of this machine that the destination is; None for any other destination."""
        return Path(self._root) if self._is_local else None

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
    def _converting_errors(self, what: str) -> Iterator[None]:
        """Convert every error of the block to a `BackupError`; `what` is a past participle.

        The cause is dropped, since its text may hold secrets.
        """
        try:
            yield
        except CosmicError:
            raise
        except ImportError as error:
            raise _no_package(self.destination, error) from None
        except Exception as error:  # each kind of destination has its own exceptions
            raise BackupError(
                f"The destination of copies cannot be {what}: {self.destination.describe(error)}",
                where=self.destination.name,
                todo="check the destination, its options (backup.copies) and its credentials",
            ) from None


def _partial(path: str) -> str:
    return f"{path}.partial"


def _no_package(destination: Destination, error: ImportError) -> BackupError:
    protocol = destination.url.partition("://")[0]
    extra = EXTRAS.get(protocol)
    return BackupError(
        f"No package for {protocol}:// is installed",
        where=destination.name,
        todo=f"pip install '{extra}'" if extra else str(error),
    )
