"""The base of the models of what an operator writes: settings, and the steps of a playbook."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, field_validator

# A wait of more seconds than a timer can count ends in an `OverflowError`. The wait between two
# requests at a tiny rate is such a wait. `LARGEST` seconds are 31 years.
LARGEST = 1_000_000_000
SMALLEST = 1 / LARGEST


class WrittenModel(BaseModel):
    """A frozen model that refuses unknown keys, and numbers too large or too small for a timer.

    Settings keep unquoted values such as `1e3` and `0755` as text, since such a value may be the
    name of a release. If a number is expected, the text is read as a decimal number, as in YAML
    1.2: 1000 and 755. A whole number must not have an exponent. A number is refused if it is not
    finite, larger than `LARGEST`, or between 0 and `SMALLEST`; the sign does not matter.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @field_validator("*")
    @classmethod
    def _can_be_counted(cls, value: Any) -> Any:
        # The messages have no thousands separators: in the file, a number must have none.
        if isinstance(value, int | float) and value > LARGEST:
            raise ValueError(f"must be at most {LARGEST}")
        if isinstance(value, int | float) and value < -LARGEST:
            raise ValueError(f"must be at least -{LARGEST}")
        if isinstance(value, float) and 0 < abs(value) < SMALLEST:
            raise ValueError(f"must be 0, or at least {SMALLEST:.9f}")
        return value
