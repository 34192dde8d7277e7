"""Reading a container's log as lines without times."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.engine.commands import log_reader
from cosmicdeploy.engine.docker_engine.logs import DockerLogs

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("chunks", "lines"),
    [
        ([], []),
        ([b"one\n"], ["one"]),
        ([b"one\ntw", b"o\n\nlast\n"], ["one", "two", "", "last"]),
        ([b"one\nrest"], ["one", "rest"]),
    ],
)
def test_a_log_has_as_many_lines_as_line_feeds_and_a_rest(
    monkeypatch: pytest.MonkeyPatch, chunks: list[bytes], lines: list[str]
) -> None:
    monkeypatch.setattr(log_reader, "tail_since", lambda *_: "all")
    sdk: Any = SimpleNamespace(api=SimpleNamespace(logs=lambda *_, **__: iter(chunks)))
    assert list(DockerLogs(sdk).log_lines("c1", 0.0)) == lines
