"""What a deploy records of the time before it, kept as a file for each run.

It is begun before the deploy's first change, beside the work of its first steps: later the logs of
the containers that it replaces are gone. It counts once the run has succeeded.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cosmicdeploy.context import Context
from cosmicdeploy.database.backups.backup_files import CLOCK_TOLERANCE
from cosmicdeploy.events import Warned
from cosmicdeploy.files.atomic import write_atomically
from cosmicdeploy.journal.records import Moment

# So many seconds ahead a time may be: clocks differ a little.
BORNE = CLOCK_TOLERANCE.total_seconds()
# So many are kept, the newest ones.
KEPT = 20
TOLD = {"run", "command", "at", "release_before", "release", "in_place_at"}


class Baseline(BaseModel):
    """`release` is the one in place since `in_place_at`, `release_before` that of the time before;
    the times are ISO 8601, `in_place_at` "" while the run is not over.

    `before` has what each collector found, `after` the counters at the end. No secrets.
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
    def began(self) -> float:
        """`in_place_at` as Unix time."""
        return datetime.fromisoformat(self.in_place_at).timestamp()

    def told(self) -> dict[str, str]:
        """What is worth telling of it beside the figures."""
        return self.model_dump(include=TOLD)


def newest(ctx: Context) -> Baseline | None:
    """That of the last run that succeeded; None where there is none. One of a time that is to come
    is no baseline of now."""
    found = {path: each for path in _paths(ctx) if (each := _read(ctx, path)) and each.in_place_at}
    for path in [path for path, each in found.items() if each.began > time.time() + BORNE]:
        _warn(ctx, path, f"it is stamped in the future: {found.pop(path).in_place_at}")
    return max(found.values(), key=lambda each: each.began, default=None)


def of_run(ctx: Context, run: str) -> Baseline | None:
    """That of one run, over or not."""
    return _read(ctx, _folder(ctx) / f"{run}.json")


def keep(ctx: Context, baseline: Baseline) -> None:
    """Write it, and let the oldest ones go. Raises `OSError`."""
    folder = _folder(ctx)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = baseline.model_dump_json(by_alias=True, indent=2)
    write_atomically(folder / f"{baseline.run}.json", text + "\n")
    files = [path for path in folder.glob("*.json") if path.is_file()]
    for path in sorted(files, key=lambda path: path.stat().st_mtime)[:-KEPT]:
        path.unlink(missing_ok=True)


def forget(ctx: Context, run: str) -> None:
    """Remove one run's. Raises `OSError`."""
    (_folder(ctx) / f"{run}.json").unlink(missing_ok=True)


def _folder(ctx: Context) -> Path:
    return ctx.loaded.state_directory / "baselines"


def _paths(ctx: Context) -> list[Path]:
    try:  # a glob takes a folder that may not be read for an empty one
        return [path for path in sorted(_folder(ctx).iterdir()) if path.suffix == ".json"]
    except FileNotFoundError:
        return []
    except OSError as error:
        _warn(ctx, _folder(ctx), error.strerror or "")
        return []


def _read(ctx: Context, path: Path) -> Baseline | None:
    try:
        return Baseline.model_validate_json(path.read_text("utf-8", "replace"))
    except FileNotFoundError:
        return None
    except OSError as error:
        _warn(ctx, path, error.strerror or "")
    except ValidationError as error:  # damaged, or another version's
        first = error.errors()[0]
        _warn(ctx, path, f"{'.'.join(map(str, first['loc']))}: {first['msg']}".removeprefix(": "))
    return None


def _warn(ctx: Context, path: Path, why: str) -> None:
    told = f"passed over {path}: no baseline can be read there ({why}); move it away, and record"
    ctx.emit(Warned(text=f"{told} another one: `cosmicdeploy checklist --record`"))
