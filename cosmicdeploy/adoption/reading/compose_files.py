"""Choose the compose files of a folder: those named, those that run, else those by their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cosmicdeploy.adoption.facts import Mark
from cosmicdeploy.adoption.reading.compose_commands import files_of_commands
from cosmicdeploy.adoption.reading.declared import one_line
from cosmicdeploy.engine import Container, labels
from cosmicdeploy.errors import ConfigError
from cosmicdeploy.files.yaml_reader import read
from cosmicdeploy.settings import Settings
from cosmicdeploy.stack.default_files import default_files, is_for_production, override_file
from cosmicdeploy.stack.merging.loader import TagLoader, first_tag
from cosmicdeploy.stack.merging.sources import services_of
from cosmicdeploy.stack.variables.compose_variables import files_of_variable


@dataclass(frozen=True, kw_only=True)
class ChosenFiles:
    """The chosen compose files, in the order in which each overrides those before it.

    `evidence` says why these files. `is_default` means that the settings need not name them.
    `unread` are other compose files of the folder.
    """

    files: tuple[Path, ...]
    evidence: str
    mark: Mark = ""
    is_default: bool = False
    unread: tuple[Path, ...] = ()


def choose_files(
    folder: Path,
    named: Sequence[Path],
    own: Mapping[str, str],
    environ: Mapping[str, str],
    running: Sequence[Container],
) -> ChosenFiles:
    """Return the compose files of a stack.

    `named` are those that the operator names. `own` are the variables of the env file and `environ`
    those of the shell, which may have COMPOSE_FILE. `running` are the containers that run from this
    folder. Raises `ConfigError` if there is no compose file, or if one that has to be looked at is
    unusable.
    """
    found = default_files(folder)
    chosen = (
        _named(named)
        or _of_variable(folder, own, environ)
        or _of_containers(folder, running)
        or _by_name(found)
    )
    if chosen is None:
        raise ConfigError(
            "There is no compose file here",
            where=str(folder),
            todo="run the command in the folder of one, or name one with --file FILE; to create a"
            " new stack: `cosmicdeploy init`",
        )
    unread = tuple(each for each in found if each not in chosen.files)
    is_default = chosen.is_default or _is_default(folder, chosen.files)
    return ChosenFiles(
        files=chosen.files,
        evidence=chosen.evidence,
        mark=chosen.mark,
        is_default=is_default,
        unread=unread,
    )


def _is_default(folder: Path, files: Sequence[Path]) -> bool:
    default = Settings.model_fields["compose_file"].get_default()
    return list(files) == [folder / each for each in default]


def _named(named: Sequence[Path]) -> ChosenFiles | None:
    if not named:
        return None
    return ChosenFiles(files=tuple(each.absolute() for each in named), evidence="named by --file")


def _of_variable(
    folder: Path, own: Mapping[str, str], environ: Mapping[str, str]
) -> ChosenFiles | None:
    """Return the files of COMPOSE_FILE; the settings repeat them if only this shell names them."""
    names = files_of_variable({**own, **environ})
    files = tuple((folder / name).absolute() for name in names)
    is_kept = "COMPOSE_FILE" in own and "COMPOSE_FILE" not in environ
    return ChosenFiles(files=files, evidence="COMPOSE_FILE", is_default=is_kept) if files else None


def _of_containers(folder: Path, running: Sequence[Container]) -> ChosenFiles | None:
    """Return the files from which the containers were created, if all name the same ones."""
    texts = {each.labels.get(labels.CONFIG_FILES, "") for each in running} - {""}
    if len(texts) != 1:
        return None
    files = tuple((folder / name).absolute() for name in texts.pop().split(","))
    if not all(each.is_file() for each in files):
        return None
    return ChosenFiles(files=files, evidence="the running containers were created from it")


def _by_name(found: Sequence[Path]) -> ChosenFiles | None:
    if not found:
        return None
    first, *others = found
    together = _over_another(first, others[0]) if is_for_production(first) and others else None
    if together is not None:
        return together
    over = override_file(first)
    if over is not None:
        evidence = "`docker compose` without options reads both"
        return ChosenFiles(files=(first, over), evidence=evidence, mark="guess")
    return ChosenFiles(files=(first,), evidence="the folder's compose file")


def _over_another(file: Path, base: Path) -> ChosenFiles | None:
    """Return the file for production and those that it overrides; None if it is read alone."""
    shown = files_of_commands(file)
    if shown is not None and len(shown.value) > 1:
        return ChosenFiles(files=shown.value, evidence=shown.evidence, mark="guess")
    if _is_whole(file):
        return None
    what = f"{one_line(file.name)} alone is no stack"
    return ChosenFiles(files=(base, file), evidence=what, mark="guess")


def _is_whole(file: Path) -> bool:
    """Return whether each service of a file has an image of its own, so that it is no override.

    The tags `!reset` and `!override` change what another file declares.
    """
    document = read(file, TagLoader)
    if first_tag(document) is not None:
        return False
    services = services_of(document).values()
    return all({"image", "build", "extends"} & each.keys() for each in services)
