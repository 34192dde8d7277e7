"""Jobs as they lie in Redis: JSON that the release before and the one after can read."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from cosmic_app.cache import QUEUE_PREFIX

if TYPE_CHECKING:
    import redis

DEFAULT_QUEUE = f"{QUEUE_PREFIX}default"
FAILED_QUEUE = f"{QUEUE_PREFIX}failed"


class BadJob(Exception):
    """What lies in the queue is no job."""


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
    def parse(cls, text: str) -> Job:
        """Raises `BadJob`."""
        try:
            content = json.loads(text)
            return cls(
                id=str(content["id"]), job=str(content["job"]), data=content.get("data") or {}
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadJob(f"not a job: {error!r}") from error

    def dump(self) -> str:
        """As it is stored."""
        return json.dumps(asdict(self), ensure_ascii=False)


def push(client: redis.Redis, jobs: Sequence[Job]) -> None:
    """Queue the jobs, in this order."""
    client.lpush(DEFAULT_QUEUE, *(job.dump() for job in jobs))
