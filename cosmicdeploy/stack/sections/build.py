"""Read the `build` section of a service: how its image is built."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cosmicdeploy.stack.model import Build, BuildSecret
from cosmicdeploy.stack.scope import Scope
from cosmicdeploy.stack.sections.networking.hosts import read_hosts
from cosmicdeploy.stack.sections.resources.resource_limits import read_ulimits
from cosmicdeploy.stack.sections.storage.sources import named_source, value_of
from cosmicdeploy.stack.values.compose_value import ComposeValue
from cosmicdeploy.stack.values.units import size

_REMOTE = re.compile(r"(https?|git|ssh)://|git@|github\.com/")
_PLAIN: Mapping[str, Callable[[ComposeValue], Any]] = {
    **dict.fromkeys(
        ("dockerfile", "dockerfile_inline", "network", "provenance", "sbom", "target"),
        ComposeValue.text,
    ),
    **dict.fromkeys(("no_cache", "privileged", "pull"), ComposeValue.flag),
    **dict.fromkeys(
        ("cache_from", "cache_to", "entitlements", "no_cache_filter", "platforms", "tags"),
        ComposeValue.texts,
    ),
    "extra_hosts": read_hosts,
    "labels": ComposeValue.filled_pairs,
    "shm_size": size,
    "ulimits": read_ulimits,
}
_KEYS = ("context", "additional_contexts", "args", "secrets", "ssh", *_PLAIN)


def read_build(entry: ComposeValue | None, scope: Scope) -> Build | None:
    """Read the `build` section; None if the service only names an image."""
    if entry is None:
        return None
    if not isinstance(entry.data, dict):
        return Build(context=_context(entry, scope))
    fields = {k: item for k, item in entry.mapping(_KEYS).items() if item.data not in (None, "")}
    if "dockerfile" in fields and "dockerfile_inline" in fields:
        raise fields["dockerfile_inline"].error(
            "does not go with 'dockerfile'", "remove one of them"
        )
    return Build(
        context=_context(fields["context"], scope) if "context" in fields else scope.directory,
        additional_contexts=_additional_contexts(fields.get("additional_contexts"), scope),
        args=fields["args"].pairs_from_variables(scope.variables) if "args" in fields else {},
        secrets=_secrets(fields.get("secrets"), scope),
        ssh=_ssh(fields.get("ssh"), scope),
        **{key: read(fields[key]) for key, read in _PLAIN.items() if key in fields},
    )


def _context(entry: ComposeValue, scope: Scope) -> Path:
    text = entry.text()
    if "://" in text or _REMOTE.match(text):
        raise entry.error(
            f"'{text}' is not a local folder", "check out the sources, and name their folder"
        )
    return Path(scope.path(entry, text))


def _additional_contexts(entry: ComposeValue | None, scope: Scope) -> dict[str, str]:
    if entry is None:
        return {}
    contexts: dict[str, str] = {}
    for name, text in entry.pairs().items():
        if not text:
            raise entry.error(f"'{name}' has no folder or image", "write name=<folder>")
        is_reference = "://" in text or text.startswith("service:") or _REMOTE.match(text)
        contexts[name] = text if is_reference else scope.path(entry, text)
    return contexts


def _secrets(entry: ComposeValue | None, scope: Scope) -> tuple[BuildSecret, ...]:
    return () if entry is None else tuple(_secret(item, scope) for item in entry.items())


def _secret(item: ComposeValue, scope: Scope) -> BuildSecret:
    """Read a secret. As in Compose, `uid`, `gid` and `mode` have no effect in a build."""
    if isinstance(item.data, dict):
        fields = item.mapping(("source", "target", "uid", "gid", "mode"))
        if "source" not in fields:
            raise item.error("has no source", "add 'source: <a key of the top-level secrets>'")
        key = fields["source"].text()
        identifier = fields["target"].text() if "target" in fields else key
    else:
        key = identifier = item.text()
    source = named_source(item, "secret", key, scope.secrets)
    if source.file is not None:
        return BuildSecret(id=identifier, file=Path(source.file))
    value = value_of(item, source, scope.variables)
    return BuildSecret(id=identifier, variable=source.variable, value=value)


def _ssh(entry: ComposeValue | None, scope: Scope) -> dict[str, str]:
    if entry is None:
        return {}
    keys = {entry.text(): None} if isinstance(entry.data, str) else entry.pairs()
    for name, path in keys.items():
        if not path and name != "default":
            raise entry.error(f"'{name}' has no key", f"write {name}=<path of the key>, or default")
    return {name: scope.path(entry, path) if path else "" for name, path in keys.items()}
