"""Read YAML files: cosmicdeploy.yaml, playbooks and compose files.

By default, plain (unquoted) values have the types of YAML 1.2: `yes`, `no`, `on`, `off`, `22:22`
and `2026-02-02` are text. `0755`, `1e3` and `.inf` are text too, although YAML 1.2 reads them as
numbers, since a release or an image's tag may look like that. `WrittenModel` converts them if a
number is expected. Duplicate keys and structures that contain themselves are refused. So are YAML
tags, except those that name a type of YAML 1.2, such as `!!str`.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.files.bounds import DIGITS, BoundedLoader, read_bounded

_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True)
class Document:
    """A YAML file whose top level is a mapping.

    `data` consists of dict, list, str, int, float, bool and None. Keys are text, as written.
    """

    path: Path
    data: dict[str, Any]
    root: yaml.Node | None = field(default=None, repr=False, compare=False)
    # Mapping → its keys with line and value: an index, since searching a long mapping for each of
    # its keys takes minutes.
    children: dict[yaml.Node, dict[str, tuple[int, yaml.Node]]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def location(self, *keys: str | int) -> str:
        """Return "file:line" of the value at a path of keys, or of its closest known parent."""
        return f"{self.path}:{self.locate(*keys)[1]}"

    def locate(self, *keys: str | int) -> tuple[int, int]:
        """Follow a path of keys; return how many of them exist, and the line of the last one."""
        node, line = self.root, 1 if self.root is None else self.root.start_mark.line + 1
        for depth, key in enumerate(keys):
            child = self._child(node, key)
            if child is None:
                return depth, line
            line, node = child
        return len(keys), line

    def _child(self, node: yaml.Node | None, key: str | int) -> tuple[int, yaml.Node] | None:
        """Return the line and the value of a key or list index; None if there is no such value.

        If a mapping has the key twice, the last one counts: a mapping's own keys follow those that
        its merge key `<<` adds.
        """
        if isinstance(node, yaml.MappingNode):
            if node not in self.children:
                self.children[node] = {
                    name.value: (name.start_mark.line + 1, value) for name, value in node.value
                }
            return self.children[node].get(str(key))
        if isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
            item = node.value[key]
            return item.start_mark.line + 1, item
        return None


def read(path: Path, loader: type[PlainLoader] | None = None) -> Document:
    """Read a YAML file whose top level is a mapping, by default with `PlainLoader`.

    Raises `ConfigError`, with file and line, if the file cannot be used.
    """
    return read_text(path, _text(path), loader)


def read_text(path: Path, text: str, loader: type[PlainLoader] | None = None) -> Document:
    """Read the text of a YAML file as `read` does; the file itself need not exist."""
    root, data = _parse(path, text, loader or PlainLoader)
    if data is None:
        raise ConfigError(
            f"{path.name} is empty", where=str(path), todo="write its content, or restore the file"
        )
    if not isinstance(data, dict):
        raise ConfigError(
            f"{path.name} is not a mapping",
            where=f"{path}:{root.start_mark.line + 1 if root else 1}",
            todo="write `key: value` lines at its top level",
        )
    return Document(path=path, data=data, root=root)


def _text(path: Path) -> str:
    try:
        return read_bounded(path).decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except FileNotFoundError:
        raise ConfigError(
            f"{path.name} not found", where=str(path), todo="check the path, or create the file"
        ) from None
    except OSError as error:
        raise ConfigError(
            f"{path.name} cannot be read: {error.strerror}",
            where=str(path),
            todo="check that it is a file and that you may read it",
        ) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigError(
            f"{path.name} is not UTF-8", where=f"{path}:{line}", todo="save it as UTF-8"
        ) from None


def _parse(path: Path, text: str, loader_type: type[PlainLoader]) -> tuple[yaml.Node | None, Any]:
    try:
        loader = loader_type(text)
        root: yaml.Node | None = loader.get_single_node()
        return root, None if root is None else loader.construct_object(root, deep=True)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise ConfigError(
            f"{path.name} is not valid YAML: {error.problem or error.context}",
            where=f"{path}:{mark.line + 1}" if mark else str(path),
            todo=error.note or "correct this line, or the one above it",
        ) from None
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        raise ConfigError(
            f"{path.name} has a character that YAML does not allow",
            where=f"{path}:{line}",
            todo=f"remove the character U+{_code_point(error.character):04X}",
        ) from None
    except RecursionError:
        raise ConfigError(
            f"{path.name} is nested too deeply, or an alias refers to itself",
            where=str(path),
            todo="remove levels, or the `*alias` inside its own `&anchor`",
        ) from None


def _code_point(character: object) -> int:
    # PyYAML's type hint says text, but it passes a number for a character of a text.
    return character if isinstance(character, int) else ord(str(character))


class PlainLoader(BoundedLoader):
    """A bounded loader that gives plain (unquoted) values only the types in `_PLAIN_TYPES`."""

    yaml_implicit_resolvers: dict[str, list[Any]] = {}  # noqa: RUF012 (PyYAML's own convention)

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """Compose a mapping; refuse duplicate keys. A merge key (`<<`) adds its keys only later."""
        node: yaml.MappingNode = super().compose_mapping_node(anchor)
        keys: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise refusal(
                    key, "a key is a list or a mapping, but must be text", "put the key in quotes"
                )
            if key.value in keys:
                raise refusal(key, f"key '{key.value}' appears twice", "remove one of them")
            keys.add(key.value)
        return node

    def construct_dict(self, node: yaml.Node) -> dict[str, Any]:
        """Construct a mapping with its merge keys resolved."""
        if not isinstance(node, yaml.MappingNode):  # a text or a list that is tagged `!!map`
            raise _mistagged(node)
        self.flatten_mapping(node)
        return {key.value: self.construct_object(value, deep=True) for key, value in node.value}

    def construct_list(self, node: yaml.Node) -> list[Any]:
        """Construct a list."""
        if not isinstance(node, yaml.SequenceNode):  # a text or a mapping that is tagged `!!seq`
            raise _mistagged(node)
        return [self.construct_object(item, deep=True) for item in node.value]

    def construct_integer(self, node: yaml.ScalarNode) -> int:
        """Construct an integer, written in decimal or as `0x…` or `0o…`."""
        text = str(node.value)
        if len(text) > DIGITS:
            raise refusal(
                node,
                f"a number has more than {DIGITS:,} digits",
                "write a smaller one, or quote it",
            )
        try:
            return int(text, 0) if re.match(r"0[xo]", text) else int(text)
        except ValueError:
            raise _mistagged(node) from None

    def construct_finite(self, node: yaml.ScalarNode) -> float:
        """Construct a number with a decimal point; refuse one that is too large, as 1.0e999."""
        try:
            value = float(str(node.value))
        except ValueError:
            raise _mistagged(node) from None
        if math.isinf(value):
            raise refusal(node, "a number is too large", "write a smaller one, or quote it")
        return value

    def construct_nothing(self, node: yaml.Node) -> None:
        """Construct null; refuse any other value that is tagged `!!null`."""
        if node.value not in ("", "~", "null", "Null", "NULL"):
            raise _mistagged(node)

    def construct_truth(self, node: yaml.ScalarNode) -> bool:
        """Construct true or false."""
        truth = {"true": True, "false": False}.get(str(node.value).lower())
        if truth is None:
            raise _mistagged(node)
        return truth

    def refuse_tag(self, node: yaml.Node) -> None:
        """Refuse a tag such as `!reset`, which would change the meaning of the tagged value."""
        raise refusal(node, f"tag '{node.tag}' is not supported", "write the value without a tag")


def refusal(node: yaml.Node, problem: str, todo: str) -> yaml.MarkedYAMLError:
    """Return the error about a node; `read` adds the file's name."""
    return yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark, note=todo)


def _mistagged(node: yaml.Node) -> yaml.MarkedYAMLError:
    """Return the error about a value whose tag names another type, such as `!!int abc`."""
    name = node.tag.rpartition(":")[2]
    return refusal(node, f"a value has the tag `!!{name}`, but another type", "remove the tag")


# The name of each type, the pattern of its values, and the characters they may begin with.
_PLAIN_TYPES = (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    ("float", r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?", list("-+.0123456789")),
    ("merge", r"<<", ["<"]),
)

for _name, _pattern, _first_characters in _PLAIN_TYPES:
    PlainLoader.add_implicit_resolver(
        _TAG + _name, re.compile(rf"^(?:{_pattern})$"), _first_characters
    )
PlainLoader.add_constructor(_TAG + "map", PlainLoader.construct_dict)
PlainLoader.add_constructor(_TAG + "seq", PlainLoader.construct_list)
PlainLoader.add_constructor(_TAG + "null", PlainLoader.construct_nothing)
PlainLoader.add_constructor(_TAG + "int", PlainLoader.construct_integer)
PlainLoader.add_constructor(_TAG + "bool", PlainLoader.construct_truth)
PlainLoader.add_constructor(_TAG + "float", PlainLoader.construct_finite)
for _name in ("binary", "timestamp", "omap", "pairs", "set"):
    PlainLoader.add_constructor(_TAG + _name, PlainLoader.refuse_tag)
PlainLoader.add_constructor(None, PlainLoader.refuse_tag)  # None stands for all other tags
