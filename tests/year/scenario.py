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


class Lost(StrEnum):
    """Which requests a scenario may lose.

    `ANNOUNCED`: those of the time that the run announces, and those on connections that were kept
    open over it. `UNTIL_END`: any until the last command ends, since the release in place, or a
    replica of it, does not work. After that, none is lost on a new connection.
    """

    NONE = "none"
    ANNOUNCED = "announced"
    UNTIL_END = "until the end"


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
    lost: Lost = Lost.NONE
    given: Callable[[Attempt], None] | None = None
    services: Sequence[str] = StrangersLaravel.released
    rate: float | None = None
