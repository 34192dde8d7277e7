"""`Traffic` where no load balancer is in between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container


class DirectTraffic:
    """The `Traffic` of clients that connect to the replicas themselves. Not reusable."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    def before_stop(self, running: Mapping[str, Container]) -> None:
        pass

    def prepare(self, name: str) -> None:
        pass

    def can_take_out(self, name: str, *, is_alone: bool) -> bool:
        return False

    def take_out(self, name: str, container: Container, *, until_finished: bool) -> None:
        pass

    def put_in(self, names: Sequence[str], *, moved: bool) -> None:
        self._ctx.sleep(self._ctx.settings.restart.pause)

    def take_out_beside(self, name: str, container: Container, *, until_finished: bool) -> bool:
        return False

    def readmit(self, name: str, container: Container) -> None:
        pass

    def superseded_stopped(self, names: Sequence[str]) -> None:
        pass

    def adopt(self) -> None:
        pass

    def drained(self) -> list[str]:
        return []

    def put_all_in(self) -> None:
        pass
