"""Process 1 takes notice of a signal that it catches or blocks, and of no other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cosmicdeploy.errors import EngineError
from cosmicdeploy.proxy import ignores_stop
from cosmicdeploy.proxy.signals import number
from tests.unit.proxy.engine import Talking, three

STATUS = (
    "Name:\tsh\nSigQ:\t0/31394\nSigPnd:\t0\nSigBlk:\t{blocked:016x}\n"
    "SigIgn:\t{ignored:016x}\nSigCgt:\t{caught:016x}\n"
)
TERM, QUIT = 1 << 14, 1 << 2


@pytest.mark.parametrize(
    ("masks", "signal", "expected"),
    [
        ({}, "", True),
        ({"ignored": TERM}, "", True),
        ({"caught": TERM}, "", False),
        ({"blocked": TERM}, "", False),
        ({"caught": TERM}, "SIGQUIT", True),
        ({"caught": QUIT}, "SIGQUIT", False),
    ],
)
def test_who_notices_its_stop_signal(
    stack_of: Callable[..., Any], masks: dict[str, int], signal: str, expected: bool
) -> None:
    text = STATUS.format(**{"blocked": 0, "ignored": 0, "caught": 0, **masks})
    engine = Talking(three(stop_signal=signal), {("app-1", "cat"): text})
    assert ignores_stop(stack_of(engine), "app-1") is expected


def test_who_cannot_be_asked_is_named(stack_of: Callable[..., Any]) -> None:
    with pytest.raises(EngineError, match="which signals"):
        ignores_stop(stack_of(Talking(three())), "app-1")


def test_signals_are_known_by_all_their_names() -> None:
    assert [number(name) for name in ("SIGTERM", "term", "15")] == [15, 15, 15]
    assert number("SIGRTMIN+3") == 37
    with pytest.raises(EngineError, match="no signal"):
        number("SIGNOTHING")
