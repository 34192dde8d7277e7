"""Digests of the mounted files that containers have read, recorded in the state folder.

The digests depend on a random key that only the file of records holds. A configuration may hold a
weak password, which could be guessed from a plain digest.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cosmicdeploy.engine.facts import Container
from cosmicdeploy.files.atomic import write_atomically
from cosmicdeploy.files.bounds import read_own_file

FILE_NAME = "mounted-files.json"


@dataclass(frozen=True, kw_only=True)
class Record:
    """Digests of the files that a container has read, by the files' path in the container.

    `read_at` (Unix time) is when a run last made the container read the files again; 0 if the
    container read them only at its start.
    """

    read_at: float = 0.0
    digests: Mapping[str, str] = field(default_factory=dict)


class Records:
    """The records of all containers; none if the file of records is missing or unreadable."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        data = _read(self._path)
        self._key: str = data["key"]
        self._containers: dict[str, Any] = data["containers"]

    def of(self, container: Container) -> Record:
        """Return a container's record; an empty one if there is none since its last start."""
        found = self._containers.get(container.id)
        if found is None or found["started_at"] != container.started_at:
            return Record()
        return Record(read_at=found["read_at"], digests=found["digests"])

    def digest(self, content: bytes) -> str:
        """Return a keyed digest: without the key, no guess of the content can be checked."""
        return hmac.new(bytes.fromhex(self._key), content, hashlib.sha256).hexdigest()

    def write(self, records: Mapping[str, tuple[Container, Record]]) -> None:
        """Replace all stored records by `records` (by container id). Raises `OSError`."""
        containers = {
            container_id: {
                "started_at": container.started_at,
                "read_at": record.read_at,
                "digests": dict(record.digests),
            }
            for container_id, (container, record) in records.items()
        }
        if containers == self._containers:
            return
        self._containers = containers
        data = {"key": self._key, "containers": containers}
        write_atomically(self._path, json.dumps(data, indent=1, sort_keys=True) + "\n")


def _read(path: Path) -> dict[str, Any]:
    empty = {"key": secrets.token_hex(32), "containers": {}}
    try:
        data = json.loads(read_own_file(path))
        bytes.fromhex(data["key"])
        # The values are converted only to check them: an invalid one raises an error.
        for each in data["containers"].values():
            str(each["started_at"]), float(each["read_at"]), dict(each["digests"])
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return empty
    return {"key": data["key"], "containers": data["containers"]}
