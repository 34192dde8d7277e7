"""Determine the project's name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.files.yaml_reader import Document
from cosmicdeploy.stack.variables.interpolate import interpolate

_VALID = re.compile(r"[a-z0-9][a-z0-9_-]*")


def project_name(document: Document, variables: Mapping[str, str], given: str | None) -> str:
    """Return `given`, else COMPOSE_PROJECT_NAME, else the file's `name:`, else the folder's name.

    As in Compose, the names of the file and of the folder are converted to valid ones. Any other
    invalid name raises `ConfigError`.
    """
    top_level = document.data.get("name")
    if given:
        return checked_name(given, "the given project name")
    if variables.get("COMPOSE_PROJECT_NAME"):
        return checked_name(variables["COMPOSE_PROJECT_NAME"], "COMPOSE_PROJECT_NAME")
    if top_level:
        where = document.location("name")
        name = interpolate(str(top_level), variables, where)
        return checked_name(_usable(name) or name, where)
    return _from_folder(document.path.absolute().parent)


def checked_name(name: str, where: str) -> str:
    """Return a project's name; raises `ConfigError` about `where` if Compose would refuse it."""
    if not _VALID.fullmatch(name):
        usable = _usable(name)
        raise ConfigError(
            f"'{name}' is not a project name: use a-z, 0-9, '-' and '_', a letter or digit first",
            where=where,
            todo=f"write '{usable}'" if usable else "choose another name",
        )
    return name


def _from_folder(folder: Path) -> str:
    name = _usable(folder.name)
    if not name:
        raise ConfigError(
            "The folder's name has no character that a project name may have",
            where=str(folder),
            todo="set COMPOSE_PROJECT_NAME",
        )
    return name


def _usable(text: str) -> str:
    return re.sub(r"[^a-z0-9_-]", "", text.lower()).lstrip("_-")
