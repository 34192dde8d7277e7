"""The step `cache-clear`, with a scripted result of its command."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.engine.facts import ExecResult
from cosmicdeploy.steps.base import Change
from cosmicdeploy.steps.commands import cache_clear
from cosmicdeploy.steps.commands.cache_clear import CacheClearStep

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("output", "says"), [(b"", []), (b"config cleared\nviews cleared\n", ["views cleared"])]
)
def test_only_the_last_line_of_a_command_is_shown_and_nothing_if_it_prints_nothing(
    monkeypatch: pytest.MonkeyPatch, output: bytes, says: list[str]
) -> None:
    said = list[str]()
    ctx: Any = SimpleNamespace(
        settings=SimpleNamespace(
            cache_clear=SimpleNamespace(commands=["optimize:clear"]),
            services=SimpleNamespace(app=["web"]),
        ),
        say=said.append,
        image_of=lambda _name: None,
        lock=SimpleNamespace(require=lambda: None),
        journal=SimpleNamespace(append=lambda *_, **__: None),
    )
    monkeypatch.setattr(
        cache_clear, "in_new_image", lambda *_: ExecResult(exit_code=0, stdout=output)
    )
    CacheClearStep(name="cache-clear").apply(ctx, Change(summary="run optimize:clear"))
    assert said == says
