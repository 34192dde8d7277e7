"""What the caller of a dump decides, and what the caller knows about the running release."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from cosmicdeploy.database.backups.on_disk.manifest import Prove

SILENCE_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class DumpOptions:
    """How strict a dump is.

    `exact`: refuse FLOAT values that a dump would round. `silence`: stop a dump tool that prints
    nothing for this many seconds. The checks before and after a dump wait just as long for a
    table's lock. `prove`: how a backup is proven to be restorable. Unless this is "off", the
    structure of the dump is loaded into a temporary schema, and compared with the live one. With
    "data", the checksums of the rows are recorded as well, for a later proof of the data.
    """

    exact: bool = True
    silence: float = SILENCE_SECONDS
    prove: Prove = "structure"

    @property
    def lock_wait(self) -> int:
        """How long the checks wait for a table's lock, in whole seconds."""
        return math.ceil(self.silence)

    @property
    def proves_structure(self) -> bool:
        return self.prove != "off"


@dataclass(frozen=True, kw_only=True)
class Origin:
    """The release that ran when a backup was taken.

    `release` is the release of the main application. `releases` is service → release; `images` is
    service → image id; `digests` is service → "repository@sha256:…", for the images that a registry
    has.
    """

    release: str | None = None
    images: Mapping[str, str] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    releases: Mapping[str, str] = field(default_factory=dict)
