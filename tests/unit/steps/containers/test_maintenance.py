"""The end of maintenance says what to do if clients are still not served."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import ProbeFailed
from cosmicdeploy.steps.containers.maintenance import maintenance

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("turned_away", [True, False])
def test_the_advice_is_about_the_setting_only_if_clients_are_still_served(
    ctx: Context, monkeypatch: pytest.MonkeyPatch, turned_away: bool
) -> None:
    response = SimpleNamespace(error="Connection refused", is_turned_away=False)
    front = SimpleNamespace(url="http://127.0.0.1:8080/", host="")
    monkeypatch.setattr(maintenance, "_front", lambda _ctx: front)
    monkeypatch.setattr(maintenance, "send_request", lambda *_, **__: response)
    monkeypatch.setattr(maintenance, "poll", lambda attempt, **_: attempt())
    with pytest.raises(ProbeFailed) as raised:
        maintenance._require_response(ctx, turned_away=turned_away)
    assert ("maintenance.file" in raised.value.todo) is turned_away
    assert ("cosmicdeploy logs proxy" in raised.value.todo) is not turned_away
