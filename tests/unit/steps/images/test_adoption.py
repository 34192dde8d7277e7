"""The digest of an image that was kept as equal to a build is in the journal."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context.lookup_cache import LookupCache
from cosmicdeploy.steps.images.adoption import known_digest

pytestmark = pytest.mark.unit


def built(**adopted: str) -> dict[str, Any]:
    return {"kind": "done", "step_kind": "build", "facts": {"images": {}, "adopted": adopted}}


def test_the_newest_digest_counts_and_the_journal_is_read_once() -> None:
    reads = list[str]()

    def search(relevant: Callable[[bytes], bool]) -> list[dict[str, Any]]:
        reads.append("journal")
        other = {"kind": "done", "step_kind": "backup", "facts": {}}
        records = [built(one="old"), other, built(one="new", two="other")]
        return [record for record in records if relevant(json.dumps(record).encode())]

    ctx: Any = SimpleNamespace(lookup_cache=LookupCache(), journal=SimpleNamespace(search=search))
    found = {
        name: known_digest(ctx, SimpleNamespace(id=name, labels={}))  # type: ignore[arg-type]
        for name in ("one", "two", "three")
    }
    assert found == {"one": "new", "two": "other", "three": None}
    assert reads == ["journal"]
