"""Scales: from seconds and milliseconds to positions in a drawing."""

from __future__ import annotations

import math
from dataclasses import dataclass

# Distances between the ticks of a time scale, in seconds.
TICK_DISTANCES = (
    1,
    2,
    5,
    10,
    15,
    30,
    60,
    120,
    300,
    600,
    900,
    1800,
    3600,
    7200,
    14_400,
    43_200,
    86_400,
)
MOST_TICKS = 7
# The least width of a bar in percent, so that a short step can be seen.
LEAST_WIDTH = 0.4
# A damaged record may have any number; a greater one is drawn and shown as this one.
MOST = 1e9


@dataclass(frozen=True)
class TimeScale:
    """From seconds since the run began to percent of the width; the run took `seconds`."""

    seconds: float

    @property
    def length(self) -> float:
        """The seconds that the scale spans: those of the run, within bounds."""
        return min(max(self.seconds, 0.1), MOST)

    def x(self, at: float) -> float:
        """Return the position of a time; a time outside of the run is at the edge."""
        return round(min(max(at / self.length, 0.0), 1.0) * 100, 3)

    def width(self, began: float, ended: float) -> float:
        """Return the width of a span, at least `LEAST_WIDTH`."""
        return max(round(self.x(ended) - self.x(began), 3), LEAST_WIDTH)

    def ticks(self) -> list[float]:
        """Return some round times in seconds, from 0 to the end."""
        fitting = (each for each in TICK_DISTANCES if self.length / each <= MOST_TICKS)
        distance = next(fitting, math.ceil(self.length / MOST_TICKS))
        return [float(number * distance) for number in range(int(self.length / distance) + 1)]


@dataclass(frozen=True)
class LatencyScale:
    """From milliseconds to pixels from the top: logarithmic, from 1 ms at the bottom to `most`."""

    most: float
    height: float

    @property
    def decades(self) -> int:
        """How many powers of ten the scale spans."""
        return max(1, math.ceil(math.log10(min(max(self.most, 1.0), MOST)) - 1e-9))

    def y(self, milliseconds: float) -> float:
        """Return the position of a latency."""
        share = math.log10(min(max(milliseconds, 1.0), 10.0**self.decades)) / self.decades
        return round(self.height * (1 - share), 2)

    def ticks(self) -> list[float]:
        """Return the powers of ten."""
        return [10.0**power for power in range(self.decades + 1)]


def clock(seconds: float) -> str:
    """Format a time since the run began: "4.2 s", "75 s", "12:05 min", "3:20 h"."""
    seconds = min(seconds, MOST)
    if seconds < 10:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    whole = round(seconds)
    if whole < 7200:
        return f"{whole // 60}:{whole % 60:02} min"
    return f"{whole // 3600}:{whole % 3600 // 60:02} h"


def milliseconds(value: float) -> str:
    """Format a latency: "4.2 ms", "120 ms", "1.5 s"."""
    if value >= 1000:
        return f"{min(value, MOST) / 1000:.1f}".removesuffix(".0") + " s"
    return f"{value:.0f} ms" if value >= 10 else f"{value:.1f}".removesuffix(".0") + " ms"
