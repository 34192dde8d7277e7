"""What the journal says about its last rotation, and how much it holds since then."""

from __future__ import annotations

from dataclasses import dataclass

from cosmicdeploy.journal.lines import Record


@dataclass(kw_only=True)
class SinceRotation:
    """What the journal says about its last rotation, and what it holds since then.

    `rotated` is the record of the last complete rotation, None if there was none. `archive_bytes`
    is the archive's size before an incomplete rotation; None if there is no such rotation. `count`
    is the number of runs, and of records outside of runs, since the last rotation; `oldest` is the
    time of the first of these, "" if there is none.
    """

    rotated: Record | None = None
    archive_bytes: int | None = None
    count: int = 0
    oldest: str = ""

    def apply(self, record: Record) -> None:
        """Take a record into account."""
        kind = record["kind"]
        if kind == "rotated":
            self.rotated, self.count, self.oldest = record, 0, ""
        elif kind == "rotating":
            self.archive_bytes = record["archive_bytes"]
        elif kind == "run" or not record.get("run"):
            self.count += 1
            self.oldest = self.oldest or record["at"]
