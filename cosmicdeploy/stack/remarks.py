"""Find traps in the compose files, so that a notice names them.

`docker compose` without options may read an override file that cosmicdeploy does not read. Compose
silently cuts a command line at a shell operator, such as `&&`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cosmicdeploy.files.yaml_reader import Document
from cosmicdeploy.stack.default_files import DEFAULT_NAMES, OVERRIDE_NAMES
from cosmicdeploy.stack.merging.sources import services_of
from cosmicdeploy.stack.model import ComposeFiles, Network, Remark, Service
from cosmicdeploy.stack.sections.top_level import beside_external
from cosmicdeploy.stack.values.compose_value import ComposeValue
from cosmicdeploy.stack.values.words import UnclosedQuote, Words, split
from cosmicdeploy.stack.variables.compose_variables import files_of_variable

_COMMANDS = ("command", "entrypoint")


def unread_override(files: ComposeFiles, variables: Mapping[str, str]) -> Iterator[Remark]:
    """Yield a remark if `docker compose` without options would read an override file as well."""
    only = files.files[0].name
    if len(files.files) > 1 or files_of_variable(variables) or only not in DEFAULT_NAMES:
        return
    for name in OVERRIDE_NAMES:
        if (files.directory / name).is_file():
            yield Remark(
                service="",
                what=f"{name}: `docker compose` without options reads this file too, but"
                " cosmicdeploy does not",
                todo=f"write `compose_file: [{only}, {name}]` in cosmicdeploy.yaml, or set"
                f" COMPOSE_FILE={only} in .env",
            )


def keys_beside_external(top: ComposeValue, networks: Mapping[str, Network]) -> Iterator[Remark]:
    """Yield a remark for each key that has no effect, since its network is external."""
    for name in (key for key, network in networks.items() if network.external):
        for entry in beside_external(top.child("networks").child(name)):
            yield Remark(
                service="",
                what=f"{entry.label} has no effect ({entry.where}): the network is external",
                todo="remove it, unless another tool reads it",
            )


def cut_commands(
    documents: Iterable[Document], services: Mapping[str, Service]
) -> Iterator[Remark]:
    """Yield a remark for each command line that Compose cuts at a shell operator.

    The remark does not show the command line, which may hold a secret. `documents` are the files
    before Compose merged them, since Compose's output has words instead of command lines. A service
    that others extend may be missing in `services`. In that case the remark is about each service
    whose command or entrypoint equals the words before the cut.
    """
    known: set[tuple[str, str]] = set()
    for document in documents:
        for name, entry in services_of(document).items():
            for key in _COMMANDS:
                cut = _cut(entry.get(key))
                if cut is None:
                    continue
                for service in _with_command(services, name, key, cut):
                    if (service, key) not in known:
                        known.add((service, key))
                        yield _remark(service, key, cut, document.location("services", name, key))


def _cut(line: Any) -> Words | None:
    """Return the words of a command line if Compose cuts it at an operator; else None."""
    if not isinstance(line, str):
        return None
    try:
        words = split(line)
    except UnclosedQuote:  # another file overrides the value: else `read_service` has refused it
        return None
    return words if words.dropped else None


def _with_command(
    services: Mapping[str, Service], name: str, key: str, cut: Words
) -> Iterator[str]:
    possible = [name] if name in services else services
    return (each for each in possible if getattr(services[each], key) == cut.words)


def _remark(service: str, key: str, cut: Words, where: str) -> Remark:
    return Remark(
        service=service,
        what=f"its {key} ends before the first '{cut.dropped[0]}' ({where}): no shell runs it, and"
        " Compose drops the rest",
        todo=f'write {key}: ["sh", "-c", "…"], or put the operator in quotes',
    )
