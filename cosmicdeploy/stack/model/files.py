"""The compose files that declare a stack."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class ComposeFiles:
    """The compose files of a stack, and what is needed to read them.

    Each of the `files` overrides those before it. If `project` is None, the project gets the name
    that Compose would give it. `profiles` are the profiles in the settings; if there are none,
    COMPOSE_PROFILES applies. `variables` are pairs of name and value; they override the variables
    of the shell.
    """

    files: tuple[Path, ...]
    env_file: Path
    project: str | None = None
    profiles: tuple[str, ...] = ()
    variables: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def directory(self) -> Path:
        """The project directory: relative paths start there."""
        return self.files[0].absolute().parent

    @property
    def options(self) -> list[str]:
        """The command-line options with which Compose reads the same stack.

        Compose also needs the `variables` in its environment.
        """
        options = ["--project-name", self.project] if self.project else []
        for file in self.files:
            options += ["--file", str(file)]
        options += ["--project-directory", str(self.directory)]
        for profile in self.profiles:
            options += ["--profile", profile]
        return [*options, "--env-file", str(self.env_file)] if self.env_file.is_file() else options
