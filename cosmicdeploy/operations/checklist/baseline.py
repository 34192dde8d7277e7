"""Read and write baselines: figures from before and after a deploy or rollback, one file per run.

A baseline is used once its run has succeeded. `recording.py` says when it is recorded.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cosmicdeploy.context.context import Context
from cosmicdeploy.database.backups.backup_files import CLOCK_TOLERANCE
from cosmicdeploy.events import Warned
from cosmicdeploy.files.atomic import write_atomically
from cosmicdeploy.files.bounds import move_away, read_own_file
from cosmicdeploy.journal.records.shape import Moment

# Seconds that a recorded time may lie in the future, since clocks differ a little.
TOLERANCE = CLOCK_TOLERANCE.total_seconds()
# Number of baselines that are kept.
KEPT = 20
SUMMARY_FIELDS = {"run", "command", "at", "release_before", "release", "in_place_at"}


class Baseline(BaseModel):
    """The baseline that one run recorded; times are ISO 8601. Contains no secrets.

    `at` is when the run began. `release_before` is the release that the run replaced, and `release`
    the release that it put in place at `in_place_at` ("" until the run has succeeded). `before`
    holds each collector's figures for the time before the run, `after` the counters at its end.

    `checklist --record` counts as a run that leaves the release as it is.
    """

    model_config = ConfigDict(defer_build=True, frozen=True, extra="ignore", populate_by_name=True)

    schema_version: Literal[1] = Field(default=1, alias="schema")
    run: str
    command: str
    at: Moment
    release_before: str = ""
    before: Mapping[str, Mapping[str, Any]] = Field(default_factory=dict)
    release: str = ""
    in_place_at: Literal[""] | Moment = ""
    after: Mapping[str, Mapping[str, Any]] = Field(default_factory=dict)

    @property
    def in_place_timestamp(self) -> float:
        """`in_place_at` as Unix time."""
        return datetime.fromisoformat(self.in_place_at).timestamp()

    def summary(self) -> dict[str, str]:
        """Return the baseline without the figures, for the report."""
        return self.model_dump(include=SUMMARY_FIELDS)


def newest(ctx: Context) -> Baseline | None:
    """Return the baseline of the last successful run; None if there is none.

    Ignores, with a warning, baselines that cannot be read or whose time is in the future.
    """
    usable = []
    for path in _paths(ctx):
        each = _read(ctx, path)
        if each is None or not each.in_place_at:
            continue
        if each.in_place_timestamp > time.time() + TOLERANCE:
            _warn(ctx, path, f"its time is in the future: {each.in_place_at}")
        else:
            usable.append(each)
    return max(usable, key=lambda each: each.in_place_timestamp, default=None)


def of_run(ctx: Context, run: str) -> Baseline | None:
    """Return the baseline of a run, finished or not; None if there is none that can be read."""
    return _read(ctx, _folder(ctx) / f"{run}.json")


def write(ctx: Context, baseline: Baseline) -> None:
    """Write a baseline, and remove all but the newest `KEPT` baselines. Raises `OSError`."""
    folder = _folder(ctx)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = baseline.model_dump_json(by_alias=True, indent=2)
    write_atomically(folder / f"{baseline.run}.json", text + "\n")
    files = [path for path in folder.glob("*.json") if path.is_file()]
    for path in sorted(files, key=lambda path: path.stat().st_mtime)[:-KEPT]:
        path.unlink(missing_ok=True)


def remove(ctx: Context, run: str) -> None:
    """Remove the baseline of a run. Raises `OSError`."""
    (_folder(ctx) / f"{run}.json").unlink(missing_ok=True)


def _folder(ctx: Context) -> Path:
    return ctx.loaded.state_directory / "baselines"


def _paths(ctx: Context) -> list[Path]:
    try:  # `glob` would return nothing for an unreadable folder, without an error
        return [path for path in sorted(_folder(ctx).iterdir()) if path.suffix == ".json"]
    except FileNotFoundError:
        return []
    except OSError as error:
        _warn(ctx, _folder(ctx), error.strerror or "")
        return []


def _read(ctx: Context, path: Path) -> Baseline | None:
    try:
        return Baseline.model_validate_json(read_own_file(path).decode("utf-8", "replace"))
    except FileNotFoundError:
        return None
    except OSError as error:
        _warn(ctx, path, error.strerror or "")
    except ValidationError as error:  # damaged, or written by another version
        first = error.errors()[0]
        _warn(ctx, path, f"{'.'.join(map(str, first['loc']))}: {first['msg']}".removeprefix(": "))
    return None


def _warn(ctx: Context, path: Path, why: str) -> None:
    text = f"ignored the baseline {path} ({why}); move it away: {move_away(path)}; then"
    ctx.emit(Warned(text=f"{text} record a new one: `cosmicdeploy checklist --record`"))
