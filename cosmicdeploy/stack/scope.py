"""What reading one service needs to know of the rest of the stack."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cosmicdeploy.stack.compose_value import ComposeValue
from cosmicdeploy.stack.model import Network, Volume


@dataclass(frozen=True, kw_only=True)
class Scope:
    """`variables` are the shell's over `.env`'s; networks and volumes go by their keys."""

    project: str
    directory: Path
    variables: Mapping[str, str]
    networks: Mapping[str, Network]
    volumes: Mapping[str, Volume]

    def path(self, entry: ComposeValue, text: str) -> str:
        """An absolute path: relative ones start at the project directory, `~` at home."""
        if text == "~" or text.startswith("~/"):
            home = self.variables.get("HOME")
            if not home:
                raise entry.error(f"'{text}': HOME is not set", "write the whole path")
            text = home + text[1:]
        return os.path.normpath(self.directory / text)
