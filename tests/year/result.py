"""The result of a scenario: a row of the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Row:
    """What came of a scenario; it is right if `wrong` is empty.

    `sent` and `lost` count the requests from the load's begin until some seconds after the last
    command. `may_lose` and `image` are texts. `figures` are further lines about it.
    """

    name: str
    action: str
    outcome: str = ""
    codes: Sequence[int] = ()
    sent: int = 0
    lost: int = 0
    may_lose: str = ""
    image: str = ""
    wrong: Sequence[str] = field(default_factory=tuple)
    figures: Sequence[str] = field(default_factory=tuple)

    @property
    def is_right(self) -> bool:
        return not self.wrong
