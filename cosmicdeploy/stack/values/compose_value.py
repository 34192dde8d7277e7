"""A value of the compose file with its location, which every error about the value names."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.files.yaml_reader import Document
from cosmicdeploy.stack.values.numbers import shown
from cosmicdeploy.text.suggest import did_you_mean

T = TypeVar("T")
# Compose accepts the booleans of YAML 1.1 where a boolean is expected.
_TRUE, _FALSE = ("true", "yes", "y", "on"), ("false", "no", "n", "off")


@dataclass(frozen=True)
class ComposeValue:
    """A value of the compose file, and the keys that lead to it.

    Methods that convert the value raise `ConfigError`, with its location, if the value has another
    form.
    """

    document: Document
    keys: tuple[str | int, ...] = ()
    data: Any = None

    @property
    def where(self) -> str:
        """The location, as "file:line"."""
        return self.document.location(*self.keys)

    @property
    def label(self) -> str:
        """The value's name for people: "service 'web': ports[0]"."""
        if len(self.keys) < 2:
            return ".".join(str(key) for key in self.keys)
        kind, name, *rest = self.keys
        path = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in rest)
        owner = f"{str(kind).removesuffix('s')} '{name}'"
        return f"{owner}: {path.lstrip('.')}" if path else owner

    def error(self, what: str, todo: str = "") -> ConfigError:
        """Return an error about this value."""
        return ConfigError(f"{self.label} {what}".strip(), where=self.where, todo=todo)

    def child(self, key: str | int) -> ComposeValue:
        """Return the value under a key or index."""
        return ComposeValue(self.document, (*self.keys, key), self.data[key])

    def get(self, key: str) -> ComposeValue | None:
        """Return the value under a key of a mapping; None if it is absent or null.

        Raises `ConfigError` if the value is not a mapping.
        """
        return self.child(key) if self._entries().get(key) is not None else None

    def without_empty(self, *keys: str) -> ComposeValue:
        """Return a mapping without those of the keys whose value is "".

        As in Compose, an empty text means that the key is absent, as in `platform: ${PLATFORM:-}`.
        """
        empty = {key for key in keys if self._entries().get(key) == ""}
        return replace(self, data={k: v for k, v in self.data.items() if k not in empty})

    def optional(self, key: str, read: Callable[[ComposeValue], T]) -> T | None:
        """Return the value under a key, converted by `read`; None if it is absent or null."""
        item = self.get(key)
        return None if item is None else read(item)

    def mapping(self, allowed: Iterable[str] | None = None) -> dict[str, ComposeValue]:
        """Return the entries of a mapping.

        With `allowed`, other keys raise `ConfigError`, and `x-*` keys are dropped.
        """
        entries = self._entries()
        if allowed is None:
            return {key: self.child(key) for key in entries}
        known = tuple(allowed)
        for key in entries:
            if key not in known and not key.startswith("x-"):
                raise self.child(key).error(
                    "is not supported", did_you_mean(key, known) or _one_of(known)
                )
        return {key: self.child(key) for key in entries if not key.startswith("x-")}

    def _entries(self) -> dict[str, Any]:
        if not isinstance(self.data, dict):
            raise self.error("must be a mapping", "write it as 'key: value' lines")
        return self.data

    def items(self) -> list[ComposeValue]:
        """Return the entries of a list."""
        if not isinstance(self.data, list):
            raise self.error("must be a list", "write each entry on a line that begins with '- '")
        return [self.child(index) for index in range(len(self.data))]

    def text(self) -> str:
        """Return text; a number or boolean is converted: 1.0 to "1", True to "true"."""
        if isinstance(self.data, bool):
            return str(self.data).lower()
        if isinstance(self.data, int | float):
            return shown(self.data)
        if isinstance(self.data, str):
            return self.data
        raise self.error("must be text", "write one word or a quoted text")

    def integer(self) -> int:
        """Return a whole number, which may be written as text."""
        try:
            return int(self.text())
        except ValueError:
            raise self.error("must be a whole number") from None

    def number(self) -> float:
        """Return a finite number, which may be written as text."""
        try:
            number = float(self.text())
        except ValueError:
            raise self.error("must be a number") from None
        if not math.isfinite(number):  # Python reads the texts "nan" and "inf" as numbers
            raise self.error("must be a finite number")
        return number

    def flag(self) -> bool:
        """Return a boolean.

        The words `yes`, `y`, `on`, `no`, `n` and `off` count too, as in Compose.
        """
        word = self.text().lower()
        if word not in (*_TRUE, *_FALSE):
            raise self.error("must be true or false")
        return word in _TRUE

    def one_of(self, choices: Iterable[str]) -> str:
        """Return the text if it is one of the choices."""
        word, known = self.text(), tuple(choices)
        if word not in known:
            raise self.error(
                f"'{word}' is not supported", did_you_mean(word, known) or _one_of(known)
            )
        return word

    def texts(self) -> tuple[str, ...]:
        """Return a list of texts; a single text counts as a list of one."""
        if isinstance(self.data, list):
            return tuple(item.text() for item in self.items())
        return (self.text(),)

    def pairs(self, separators: str = "=") -> dict[str, str | None]:
        """Return the pairs of a mapping, or of a list of texts such as "name=value".

        A name without a value maps to None. A text is split at its first character that is in
        `separators`.
        """
        if isinstance(self.data, list):
            return {k: v for item in self.items() for k, v in item.single_pair(separators).items()}
        entries = self.mapping().items()
        return {key: None if item.data is None else item.text() for key, item in entries}

    def single_pair(self, separators: str = "=") -> dict[str, str | None]:
        """Split a text such as "name=value" at its first character that is in `separators`.

        Without such a character, the value is None.
        """
        text = self.text()
        positions = [text.index(mark) for mark in separators if mark in text]
        if not positions:
            return {text: None}
        return {text[: min(positions)]: text[min(positions) + 1 :]}

    def filled_pairs(self, separators: str = "=") -> dict[str, str]:
        """Return pairs as `pairs` does, with "" for a name without a value."""
        return {name: value or "" for name, value in self.pairs(separators).items()}

    def pairs_from_variables(self, variables: Mapping[str, str]) -> dict[str, str]:
        """Return pairs as `pairs` does, with missing values from the variables of the same names.

        A name without a value and without a variable is dropped.
        """
        filled = {
            name: variables.get(name, value) if value is None else value
            for name, value in self.pairs().items()
        }
        return {name: value for name, value in filled.items() if value is not None}


def _one_of(words: tuple[str, ...]) -> str:
    return f"use one of: {', '.join(words)}"
