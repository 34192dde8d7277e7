"""A replaced service of the infrastructure has to stay up before it counts as working."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import EngineError, UnhealthyContainer
from cosmicdeploy.steps.infrastructure import answers
from tests.unit.infrastructure.shop import Engine, Open, running_engine

pytestmark = pytest.mark.unit


class ChangesEngine(Engine):
    """An engine whose container of `pg` is `later` from the second look on."""

    later: Container | None = None
    looks = 0

    def container(self, reference: str) -> Container | None:
        self.looks += reference == "id-pg"
        return self.later if self.looks > 1 else super().container(reference)

    def logs(self, _container_id: str, tail: int) -> list[str]:
        return []


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> ChangesEngine:
    monkeypatch.setattr(answers, "SETTLED_AFTER", 0.3)
    return ChangesEngine(**vars(running_engine()))


def settle(shop: Open, engine: ChangesEngine) -> None:
    answers.wait_settled(shop(engine), engine.by_name["shop-pg-1"], "pg")


def test_a_container_that_stays_up_is_settled(shop: Open, engine: ChangesEngine) -> None:
    engine.later = engine.by_name["shop-pg-1"]
    settle(shop, engine)


def test_a_container_that_ends_is_not_settled(shop: Open, engine: ChangesEngine) -> None:
    engine.later = replace(engine.by_name["shop-pg-1"], status="exited", exit_code=1)
    with pytest.raises(UnhealthyContainer, match="exit code 1"):
        settle(shop, engine)


def test_a_container_that_is_removed_is_not_settled(shop: Open, engine: ChangesEngine) -> None:
    with pytest.raises(EngineError, match="was removed while the run waited for it"):
        settle(shop, engine)
