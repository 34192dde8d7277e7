"""Jobs, stored in Redis as JSON that the previous and the next release can read."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cosmic_app.cache import QUEUE_PREFIX

if TYPE_CHECKING:
    import redis

DEFAULT_QUEUE = f"{QUEUE_PREFIX}default"
FAILED_QUEUE = f"{QUEUE_PREFIX}failed"
LARGEST_BYTES = 65536
# Allowed ids and handler names. Both are logged, so they are short and have no line breaks. A
# backslash is allowed for names of PHP classes, such as `App\Jobs\Notify`.
NAME = re.compile(r"[0-9A-Za-z._:\\-]{1,100}")

_JSON = json.JSONEncoder(ensure_ascii=False)


class BadJob(Exception):
    """A queue entry is not a valid job. The message gives the reason, but no content."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job; `job` is the name of its handler. Unknown keys in the JSON are ignored."""

    id: str
    job: str
    data: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def new(cls, job: str, data: Mapping[str, Any]) -> Job:
        """Create a job with a new id."""
        return cls(id=str(uuid.uuid4()), job=job, data=data)

    @classmethod
    def parse(cls, text: bytes) -> Job:
        """Parse a queue entry. Raises `BadJob`."""
        content = _object(text)
        id_, job, data = content.get("id"), content.get("job"), content.get("data") or {}
        # Another program may queue a job whose id is a number.
        if isinstance(id_, int) and not isinstance(id_, bool):
            id_ = str(id_)
        if not isinstance(id_, str) or not NAME.fullmatch(id_):
            raise BadJob("its id is missing or invalid")
        if not isinstance(job, str) or not NAME.fullmatch(job):
            raise BadJob("its handler's name is missing or invalid")
        if not isinstance(data, dict):
            raise BadJob("its data is not a JSON object")
        return cls(id=id_, job=job, data=data)

    def dump(self) -> str:
        """Return the JSON that is stored in Redis."""
        content = {"id": self.id, "job": self.job, "data": dict(self.data)}
        return _JSON.encode(content)


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
        raise BadJob("it is not a JSON object")
    return content


def push(client: redis.Redis, jobs: Sequence[Job]) -> None:
    """Queue the jobs in this order."""
    client.lpush(DEFAULT_QUEUE, *(job.dump() for job in jobs))
