"""The YAML loader of compose files, which reads plain (unquoted) values as Compose v2 does."""

from __future__ import annotations

from typing import Any

import yaml

from cosmicdeploy.files.yaml_reader import PlainLoader, refusal
from cosmicdeploy.stack.values.numbers import FIRST, NotAValue, date, number

_TAG = "tag:yaml.org,2002:"
# The tag of a plain value that begins like a number or a date.
_MAYBE_NUMBER = "tag:cosmicdeploy,2026:maybe-number"


class ComposeLoader(PlainLoader):
    """A PyYAML loader that reads numbers and dates as Compose does."""

    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> str:
        """Return the tag of a node; a plain value that may be a number or date gets its own tag."""
        if kind is yaml.ScalarNode and implicit[0] and value[:1] in FIRST:
            return _MAYBE_NUMBER
        tag: str = super().resolve(kind, value, implicit)  # type: ignore[no-untyped-call]
        return tag

    def maybe_number(self, node: yaml.ScalarNode) -> int | float | str:
        """Construct a number, a date as Compose shows it, or a text."""
        text = str(node.value)
        try:
            value = number(text)
            return (date(text) or text) if value is None else value
        except NotAValue as error:
            raise refusal(node, f"a value {error}", "put it in quotes") from None

    def tagged_number(self, node: yaml.ScalarNode) -> int | float | str:
        """Construct the value of an explicit `!!int` or `!!float`."""
        value = self.maybe_number(node)
        if isinstance(value, str):
            raise refusal(node, "a value tagged as a number is not a number", "remove the tag")
        return value


ComposeLoader.add_constructor(_MAYBE_NUMBER, ComposeLoader.maybe_number)
ComposeLoader.add_constructor(_TAG + "int", ComposeLoader.tagged_number)
ComposeLoader.add_constructor(_TAG + "float", ComposeLoader.tagged_number)
# `<<` is text as a value; as a key it adds another mapping's keys, which `PlainLoader` does.
ComposeLoader.add_constructor(_TAG + "merge", lambda loader, node: str(node.value))
