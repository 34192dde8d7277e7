"""Turn the compose files into one document with resolved variables and only active services."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from cosmicdeploy.files.yaml_reader import Document
from cosmicdeploy.stack.declaration.keys import BEFORE_MERGING, refuse_unknown_keys
from cosmicdeploy.stack.declaration.profiles import (
    active_profiles,
    declared_profiles,
    is_active,
    without_services,
)
from cosmicdeploy.stack.declaration.project_name import project_name
from cosmicdeploy.stack.merging.resolve import merged
from cosmicdeploy.stack.merging.sources import Need, Sources, read_sources
from cosmicdeploy.stack.model import ComposeFiles
from cosmicdeploy.stack.variables.compose_variables import refuse_conflicting_variables
from cosmicdeploy.stack.variables.environment import read_env_file
from cosmicdeploy.stack.variables.interpolate import interpolate_values


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """What the compose files declare, as one document.

    `variables` include COMPOSE_PROJECT_NAME. `inactive` names the services whose profiles are all
    inactive. `originals` are the files before Compose merged them. Variables are resolved in these
    files, except in included ones.
    """

    document: Document
    project: str
    variables: Mapping[str, str]
    inactive: frozenset[str]
    originals: tuple[Document, ...]


def read_declaration(files: ComposeFiles, environ: Mapping[str, str]) -> Declaration:
    """Read the compose files into one document.

    A single file without `include`, `extends` and Compose's tags (`!reset`, `!override`) is read as
    it is; anything else is merged by Compose itself. Raises `ConfigError`, with file and line, for
    anything wrong or unsupported.
    """
    own = read_env_file(files.env_file, environ)
    variables = {**own, **environ}
    refuse_conflicting_variables(files.files, files.env_file, variables, environ)
    sources = read_sources(files.files, variables)
    need = sources.need
    if need is None:
        return _plain(sources.named[0], files, variables)
    return _merged(sources, need, files, environ, own)


def _plain(document: Document, files: ComposeFiles, variables: Mapping[str, str]) -> Declaration:
    document = without_extensions(document)
    project = project_name(document, variables, files.project)
    variables = {**variables, "COMPOSE_PROJECT_NAME": project}
    active = active_profiles(files.profiles, variables)
    inactive = frozenset(
        name
        for name, profiles in declared_profiles(document, variables).items()
        if not is_active(profiles, active)
    )
    document = without_services(document, inactive)
    refuse_unknown_keys(document)
    document = replace(document, data=interpolate_values(document, variables))
    return Declaration(
        document=document,
        project=project,
        variables=variables,
        inactive=inactive,
        originals=(document,),
    )


def _merged(
    sources: Sources,
    need: Need,
    files: ComposeFiles,
    environ: Mapping[str, str],
    own: Mapping[str, str],
) -> Declaration:
    variables = {**own, **environ}
    with_name = [each for each in sources.named if each.data.get("name")] or [sources.named[0]]
    project = project_name(with_name[-1], variables, files.project)
    originals = _checked_originals(sources, files, {**variables, "COMPOSE_PROJECT_NAME": project})
    document = without_extensions(merged(sources, need, files, environ, own))
    refuse_unknown_keys(document)
    services = frozenset(document.data.get("services") or ())
    project = str(document.data.get("name") or project)
    return Declaration(
        document=document,
        project=project,
        variables={**variables, "COMPOSE_PROJECT_NAME": project},
        inactive=sources.service_names - services,
        originals=originals,
    )


def _checked_originals(
    sources: Sources, files: ComposeFiles, variables: Mapping[str, str]
) -> tuple[Document, ...]:
    """Return the files before Compose merges them, with variables resolved.

    Raises `ConfigError` for unknown keys and missing variables, with file and line, which Compose
    omits. Variables in included files stay unresolved, since such a file may have its own env file.
    """
    originals = []
    active = active_profiles(files.profiles, variables)
    profiles: dict[str, set[str]] = {}
    for document in (*sources.named, *sources.included):
        for name, words in declared_profiles(document, variables).items():
            profiles.setdefault(name, set()).update(words)
    inactive = frozenset(name for name, words in profiles.items() if not is_active(words, active))
    for document in sources.all:
        plain = without_services(without_extensions(document), inactive)
        refuse_unknown_keys(plain, also_known=BEFORE_MERGING)
        if document not in sources.included:
            plain = replace(plain, data=interpolate_values(plain, variables))
        originals.append(plain)
    return tuple(originals)


def without_extensions(document: Document) -> Document:
    """Return the document without top-level `x-*` keys, so that variables in them may be unset."""
    data = {key: value for key, value in document.data.items() if not key.startswith("x-")}
    return replace(document, data=data)
