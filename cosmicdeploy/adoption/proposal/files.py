"""The keys about the stack's files: `compose_file`, `env_file`, `project`, `profiles`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from cosmicdeploy.adoption.facts import Fact, Setting, setting
from cosmicdeploy.adoption.reading.compose_files import ChosenFiles


def file_settings(
    folder: Path,
    files: ChosenFiles,
    env_file: Fact[Path] | None,
    project: Fact[str] | None,
    profiles: Fact[Sequence[str]] | None,
) -> Iterator[Setting]:
    """Yield what differs from the defaults; None stands for the default."""
    if not files.is_default:
        names = [os.path.relpath(each, folder) for each in files.files]
        value = names[0] if len(names) == 1 else names
        yield Setting(key=("compose_file",), value=value, evidence=files.evidence, mark=files.mark)
    if profiles is not None:
        yield setting("profiles", Fact(value=list(profiles.value), evidence=profiles.evidence))
    if env_file is not None:
        path = os.path.relpath(env_file.value, folder)
        yield setting("env_file", Fact(value=path, evidence=env_file.evidence))
    if project is not None:
        yield setting("project", project)
