"""The digest of an image that was kept as equal to a build is in the journal."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.lookup_cache import LookupCache
from cosmicdeploy.steps.images.adoption import known_digest

pytestmark = pytest.mark.unit


def built(**adopted: str) -> dict[str, Any]:
    return {"kind": "done", "step_kind": "build", "facts": {"images": {}, "adopted": adopted}}


def test_the_newest_digest_counts_and_the_journal_is_read_once() -> None:
    reads = list[str]()

    def records() -> list[dict[str, Any]]:
        reads.append("journal")
        other = {"kind": "done", "step_kind": "backup", "facts": {}}
        return [built(one="old"), other, built(one="new", two="other")]

    ctx: Any = SimpleNamespace(lookup_cache=LookupCache(), journal=SimpleNamespace(records=records))
    found = {
        name: known_digest(ctx, SimpleNamespace(id=name, labels={}))  # type: ignore[arg-type]
        for name in ("one", "two", "three")
    }
    assert found == {"one": "new", "two": "other", "three": None}
    assert reads == ["journal"]
