"""What a container's mounted files were when it last read them, kept in the state folder.

The digests are keyed by a random number that only this file has: a configuration may hold a weak
password, which a plain digest would give away.
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

FILE_NAME = "mounted-files.json"


@dataclass(frozen=True, kw_only=True)
class Record:
    """Digests of the files that a container has read, by their path in it.

    `read_at` (Unix time) is when a run last made it read them; 0 if only its start did.
    """

    read_at: float = 0.0
    digests: Mapping[str, str] = field(default_factory=dict)


class Records:
    """The records of all containers. A file that cannot be read is taken for an empty one."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        data = _read(self._path)
        self._key: str = data["key"]
        self._containers: dict[str, Any] = data["containers"]

    def of(self, container: Container) -> Record:
        """Return the record of a container since its last start."""
        found = self._containers.get(container.id)
        if found is None or found["started_at"] != container.started_at:
            return Record()
        return Record(read_at=found["read_at"], digests=found["digests"])

    def digest(self, content: bytes) -> str:
        """Return a digest that only this file's key can be used to guess from."""
        return hmac.new(bytes.fromhex(self._key), content, hashlib.sha256).hexdigest()

    def write(self, records: Mapping[str, tuple[Container, Record]]) -> None:
        """Store these records, by container id, in place of all others. Raises `OSError`."""
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
        data = json.loads(path.read_text())
        bytes.fromhex(data["key"])
        for each in data["containers"].values():
            str(each["started_at"]), float(each["read_at"]), dict(each["digests"])
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return empty
    return {"key": data["key"], "containers": data["containers"]}
