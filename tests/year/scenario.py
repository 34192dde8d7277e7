"""A scenario of the year: what the operator does, and what has to come of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tests.stack.stacks.php.strangers_laravel import StrangersLaravel
from tests.year.attempt import Attempt


class Image(StrEnum):
    """Which image the containers run after the scenario; the value is the text of the table."""

    OLD = "the one before"
    NEW = "the new one"
    EARLIER = "the backup's"
    MIXED = "mixed"


@dataclass(frozen=True, kw_only=True)
class Lost:
    """Which requests a scenario may lose, at the rate of all scenarios; by default none.

    - `announced`: the requests due while clients were kept out or services were away, as the run's
      report says, and some seconds longer.
    - `kept`: this number of requests on kept connections at any other time. A reload or stop of
      nginx closes each kept connection once; a request that is sent at that moment is lost.
    - `until_end`: this number of requests of any kind, until the last command has ended.
    - `answers`: any number of requests to this path that get this status until the last command has
      ended. The broken release answers this way until a fix is deployed.
    """

    announced: bool = False
    kept: int = 0
    until_end: int = 0
    answers: tuple[str, int] | None = None

    def __str__(self) -> str:
        """The bound as the table shows it."""
        parts = [
            *(["those of the announced time"] if self.announced else []),
            *([f"{self.kept} on kept connections"] if self.kept else []),
            *([f"{self.until_end}"] if self.until_end else []),
            *([f"{self.answers[0]} answered {self.answers[1]}"] if self.answers else []),
        ]
        return ", ".join(parts) or "0"


NONE_LOST = Lost()


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What has to come of a scenario.

    `outcome` is that of the last command's report. `codes` are the exit codes of all commands in
    the order in which they end, -9 for one that was killed.
    """

    outcome: str
    codes: Sequence[int] = (0,)
    image: Image = Image.OLD

    @property
    def is_as_before(self) -> bool:
        """Whether containers, images and schema have to be as they were."""
        return self.outcome != "changed"


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A scenario: `given` is done first and without load, then `run` under load.

    `action` is what the operator does, in a few words. `services` are those whose image the table
    shows. `rate` is in requests per second; None for the rate of all scenarios.
    """

    name: str
    action: str
    run: Callable[[Attempt], None]
    expected: Expected
    lost: Lost = NONE_LOST
    given: Callable[[Attempt], None] | None = None
    services: Sequence[str] = StrangersLaravel.released
    rate: float | None = None
