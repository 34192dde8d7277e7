"""Read how the image of a service is built."""

from __future__ import annotations

import re
from pathlib import Path

from cosmicdeploy.stack.compose_value import ComposeValue
from cosmicdeploy.stack.model import Build
from cosmicdeploy.stack.scope import Scope

_KEYS = ("context", "dockerfile", "args", "target", "labels")
_REMOTE = re.compile(r"\w+://|git@|github\.com/")


def read_build(entry: ComposeValue | None, scope: Scope) -> Build | None:
    """Read the `build` section; None if the service only names an image."""
    if entry is None:
        return None
    if not isinstance(entry.data, dict):
        return Build(context=_context(entry, scope))
    fields = {key: item for key, item in entry.mapping(_KEYS).items() if item.data is not None}
    if "context" not in fields:
        raise entry.error("has no context", "add 'context: <folder>'")
    return Build(
        context=_context(fields["context"], scope),
        dockerfile=fields["dockerfile"].text() if "dockerfile" in fields else "Dockerfile",
        args=fields["args"].pairs_from_variables(scope.variables) if "args" in fields else {},
        target=fields["target"].text() if "target" in fields else None,
        labels=fields["labels"].filled_pairs() if "labels" in fields else {},
    )


def _context(entry: ComposeValue, scope: Scope) -> Path:
    text = entry.text()
    if _REMOTE.match(text):
        raise entry.error(f"'{text}' is not a local folder", "check it out and name the folder")
    return Path(scope.path(entry, text))
