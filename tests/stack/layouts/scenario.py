"""What every layout goes through: from `up` to a rollback, under load."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from cosmicdeploy.errors import ExitCode
from tests.stack.layouts.declared import require_as_compose
from tests.stack.layouts.layout import Layout
from tests.stack.layouts.load import load
from tests.stack.stacks.one_app import OneApp
from tests.stack.support.harness import Done
from tests.stack.support.network.steady import Counted
from tests.stack.support.origins import Origin
from tests.stack.support.releases import (
    compose_up,
    create,
    deploy_nothing,
    existing,
    require,
)

# More than there are replicas, so that each is asked.
TIMES = 12


@dataclass
class Scenario:
    """A stack of a layout on its way; `sent` and `failures` are of all requests of the load."""

    layout: Layout
    stack: OneApp
    origin: Origin
    sent: int = 0
    failures: list[str] = field(default_factory=list)

    @property
    def steps(self) -> Sequence[tuple[str, Callable[[], None]]]:
        """The steps in their order; each needs those before it."""
        return (
            ("up", self.up),
            ("deploy", self.deploy),
            ("no-op", lambda: deploy_nothing(self.stack, self.origin)),
            ("compose up", lambda: compose_up(self.stack, self.origin)),
            ("verify", lambda: self._run("verify")),
            ("failing", self.fail),
            ("rollback", self.roll_back),
        )

    def up(self) -> None:
        create(self.stack, self.origin)
        self._require_release("1")

    def deploy(self) -> None:
        """Deploy release 2; a gap is announced by the plan, and measured by the report."""
        before = self.stack.ids()
        self.stack.write(release="2")
        plan = self._run("deploy", *self.layout.options, "--plan")
        [rollout] = [step for step in plan.report["steps"] if step["kind"] == "rollout"]
        announced = {gap["service"] for gap in rollout["facts"].get("gaps", ())}
        assert announced == self.layout.gaps, rollout
        with self._load() as counted:
            done = self._run("deploy", *self.layout.options)
        self._require_release("2")
        after = self.stack.ids()
        assert after.keys() == before.keys()
        assert {name for name in after if after[name] != before[name]} == self.layout.replaced
        self._require_told(done, counted)

    def fail(self) -> None:
        """Deploy a release that never gets healthy: release 2 serves all the time."""
        before = existing(self.stack)
        self.stack.write(release="3-bad")
        with self._load() as counted:
            done = self.stack.cli("deploy", *self.layout.options, "--json", **self.origin.environ)
        assert done.code == ExitCode.FAILED, done.report["error"]
        assert existing(self.stack) == before, done.report["error"]
        assert self.stack.answering_releases(TIMES) == {"2"}
        assert not counted.failures, _first(counted)

    def roll_back(self) -> None:
        """Go back to release 1; with its files back as well, nothing else is to be done."""
        before = self.stack.ids()
        entries = self._run("rollback").report["data"]
        first = next(entry["backup"] for entry in entries if entry["release"] == "1")
        with self._load() as counted:
            done = self._run("rollback", "--to", first, *self.layout.options, "--yes")
        assert self.stack.ids().keys() == before.keys()
        assert self.stack.answering_releases(TIMES) == {"1"}
        if not self.layout.has_data:
            self._require_told(done, counted)
        self.stack.write(release="1")
        self._require_release("1")
        if self.layout.deploys_again or self.origin.creates:  # whose images are built again
            self._run("deploy")
        deploy_nothing(self.stack, self.origin)
        compose_up(self.stack, self.origin)

    def _run(self, *words: str) -> Done:
        return require(self.stack, self.origin, *words)

    @contextmanager
    def _load(self) -> Iterator[Counted]:
        with load(self.stack) as counted:
            yield counted
        self.sent += counted.sent
        self.failures += counted.failures

    def _require_release(self, release: str) -> None:
        assert self.stack.answering_releases(TIMES) == {release}
        require_as_compose(self.stack)
        self.stack.require()

    def _require_told(self, done: Done, counted: Counted) -> None:
        """Assert that no request failed, except in a gap that was announced and is measured."""
        requests: dict[str, Any] = done.report["requests"]
        assert requests["sent"] > 0
        assert (requests["failed"], requests["broken"]) == (0, ""), requests["failures"]
        assert {gap["service"] for gap in done.report["gaps"]} == self.layout.gaps
        for gap in done.report["gaps"]:
            assert 0 < gap["seconds"] < gap["at_most_seconds"], gap
        if not self.layout.gaps:
            assert not counted.failures, _first(counted)


def _first(counted: Counted) -> str:
    return f"{len(counted.failures)} of {counted.sent} requests failed: {counted.failures[0]}"
