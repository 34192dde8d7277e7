"""Read the secrets and configs at the compose file's top level, and find them by key."""

from __future__ import annotations

from collections.abc import Mapping

from cosmicdeploy.stack.model import Source
from cosmicdeploy.stack.scope import Scope
from cosmicdeploy.stack.values.compose_value import ComposeValue
from cosmicdeploy.text.suggest import did_you_mean

# `name` and `labels` have no effect: only Swarm uses them.
_SECRET = ("file", "environment", "name", "labels", "external")
_CONFIG = (*_SECRET, "content")
_CONTENT = ("file", "environment", "content")


def read_secrets(top: ComposeValue, scope: Scope) -> dict[str, Source]:
    """Return the declared secrets by key."""
    return _sources(top.get("secrets"), _SECRET, scope)


def read_configs(top: ComposeValue, scope: Scope) -> dict[str, Source]:
    """Return the declared configs by key."""
    return _sources(top.get("configs"), _CONFIG, scope)


def named_source(item: ComposeValue, kind: str, key: str, sources: Mapping[str, Source]) -> Source:
    """Return the secret or config that a service or a build names by its key.

    `kind` is "secret" or "config". Raises `ConfigError` if it is not declared, or is external.
    """
    if key not in sources:
        todo = did_you_mean(key, sources) or f"add '{key}:' under the top-level '{kind}s'"
        raise item.error(f"names the {kind} '{key}', which is not declared", todo)
    if sources[key].is_external:
        raise item.error(
            f"names the {kind} '{key}', which is external: only Swarm keeps {kind}s",
            f"replace 'external' by 'file' or 'environment' under the top-level '{kind}s'",
        )
    return sources[key]


def value_of(item: ComposeValue, source: Source, variables: Mapping[str, str]) -> str:
    """Return the text of a secret or config that is no file.

    Raises `ConfigError` if its variable is not set.
    """
    if source.variable is None:
        return source.content or ""
    if source.variable not in variables:
        raise item.error(
            f"needs the variable {source.variable}, which is not set",
            "set it in the shell or in the env file",
        )
    return variables[source.variable]


def _sources(
    entry: ComposeValue | None, allowed: tuple[str, ...], scope: Scope
) -> dict[str, Source]:
    items = {} if entry is None else entry.mapping()
    return {
        key: _source(item, key, allowed, scope)
        for key, item in items.items()
        if not key.startswith("x-")
    }


def _source(item: ComposeValue, key: str, allowed: tuple[str, ...], scope: Scope) -> Source:
    fields = {name: part for name, part in item.mapping(allowed).items() if part.data is not None}
    external = fields.get("external")
    if external is not None and (isinstance(external.data, dict) or external.flag()):
        return Source(key=key, is_external=True)
    given = [name for name in _CONTENT if name in fields]
    if len(given) != 1:
        choices = " or ".join(name for name in _CONTENT if name in allowed)
        todo = "keep one of them" if given else "add one of them"
        raise item.error(f"must have exactly one of {choices}", todo)
    part = fields[given[0]]
    text = part.text()
    if given[0] == "file":
        return Source(key=key, file=scope.path(part, text))
    if given[0] == "environment":
        return Source(key=key, variable=text)
    return Source(key=key, content=text)
