"""Jobs as they lie in Redis: JSON that the release before and the one after can read."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from cosmic_app.cache import QUEUE_PREFIX

if TYPE_CHECKING:
    import redis

DEFAULT_QUEUE = f"{QUEUE_PREFIX}default"
FAILED_QUEUE = f"{QUEUE_PREFIX}failed"
LARGEST_BYTES = 65536
# Both are logged: neither may be long, or end a line of the log.
NAME = re.compile(r"[0-9A-Za-z._:\\-]{1,100}")


class BadJob(Exception):
    """What lies in the queue is no job. The text says why, and holds nothing of the content."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """`job` names the handler; unknown keys in the JSON are ignored, `data` may be empty."""

    id: str
    job: str
    data: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def new(cls, job: str, data: Mapping[str, Any]) -> Job:
        """A job that nobody has seen yet."""
        return cls(id=str(uuid.uuid4()), job=job, data=data)

    @classmethod
    def parse(cls, text: bytes) -> Job:
        """Raises `BadJob`."""
        content = _object(text)
        given, job, data = content.get("id"), content.get("job"), content.get("data") or {}
        is_number = isinstance(given, int) and not isinstance(given, bool)
        name = str(given) if is_number else given
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise BadJob("its id is none")
        if not isinstance(job, str) or not NAME.fullmatch(job):
            raise BadJob("it does not name a handler")
        if not isinstance(data, dict):
            raise BadJob("its data is no object")
        return cls(id=name, job=job, data=data)

    def dump(self) -> str:
        """As it is stored."""
        return json.dumps(asdict(self), ensure_ascii=False)


def _object(text: bytes) -> dict[str, Any]:
    if len(text) > LARGEST_BYTES:
        raise BadJob(f"it is larger than {LARGEST_BYTES} bytes")
    try:
        content = json.loads(text.decode())
    except UnicodeDecodeError:
        raise BadJob("it is not UTF-8") from None
    except (ValueError, RecursionError):
        raise BadJob("it is not JSON") from None
    if not isinstance(content, dict):
        raise BadJob("it is no JSON object")
    return content


def push(client: redis.Redis, jobs: Sequence[Job]) -> None:
    """Queue the jobs, in this order."""
    client.lpush(DEFAULT_QUEUE, *(job.dump() for job in jobs))
