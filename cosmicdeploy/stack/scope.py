"""The context for reading a service: variables, networks and other declarations."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cosmicdeploy.stack.model import Network, Remark, Source, Volume
from cosmicdeploy.stack.values.compose_value import ComposeValue


@dataclass(frozen=True, kw_only=True)
class Scope:
    """The context in which a service of the compose file is read.

    `directory` is the project directory. `variables` are those of the env file, overridden by the
    shell's. `networks`, `volumes`, `secrets` and `configs` are by their key in the compose file.
    `remarks` collects what has no effect, or an unexpected one.
    """

    project: str
    directory: Path
    variables: Mapping[str, str]
    networks: Mapping[str, Network]
    volumes: Mapping[str, Volume]
    secrets: Mapping[str, Source] = field(default_factory=dict)
    configs: Mapping[str, Source] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)

    def ignore(self, entry: ComposeValue, why: str) -> None:
        """Note that a key of a service has no effect, so that a notice names it."""
        self.note(
            entry,
            f"has no effect ({entry.where}): {why}",
            "remove it, unless another tool reads it",
        )

    def note(self, entry: ComposeValue, what: str, todo: str) -> None:
        """Note something unexpected about a key of a service, so that a notice names it."""
        key = entry.label.partition(": ")[2]
        remark = Remark(service=str(entry.keys[1]), what=f"its {key} {what}", todo=todo)
        self.remarks.append(remark)

    def path(self, entry: ComposeValue, text: str) -> str:
        """Make a path absolute: a relative path starts at the project directory, `~` is HOME.

        Raises `ConfigError` for `~` if HOME is not set.
        """
        if text == "~" or text.startswith("~/"):
            home = self.variables.get("HOME")
            if not home:
                raise entry.error(f"'{text}': HOME is not set", "write the whole path")
            text = home + text[1:]
        return os.path.normpath(self.directory / text)
