"""Limits for the files that are read: their size, and the size of the data that they expand to.

A few lines can expand to more than a machine's memory: by aliases of aliases, or by variables that
contain variables. The error says which limit is exceeded. No real stack comes near these limits.
"""

from __future__ import annotations

import errno
import os
import re
import select
from pathlib import Path
from shlex import quote
from typing import Any

import yaml

from cosmicdeploy.errors import ConfigError

# The files of a stack have a few KiB. PyYAML needs some seconds for a file of this size.
FILE_BYTES = 1 << 20
# The deployer's own records, such as a manifest, have some KiB; for 100,000 tables, some MiB.
RECORD_BYTES = 64 << 20
# Seconds for which a named pipe may stay silent, such as the pipe in which a password manager
# provides `.env`.
PIPE_SECONDS = 3
# Linux refuses a longer argument or environment variable of a process (MAX_ARG_STRLEN).
VALUE_CHARACTERS = 128 << 10
# Characters of all values of one file together, with their variables resolved.
RESOLVED_CHARACTERS = 16 << 20
# Nodes (values) of a YAML file; the nodes of an anchor count again for each of its aliases.
NODES = 20_000
# Nested levels of a YAML file, or of defaults such as ${A:-${B:-x}}. Python's recursion limit
# allows some hundreds.
LEVELS = 100
# Digits of a number. Python refuses to parse or print more than 4,300 decimal digits.
DIGITS = 1000
# No argument or variable can hold NUL, and UTF-8 cannot encode half of a surrogate pair.
UNUSABLE = re.compile("[\0\ud800-\udfff]")


def read_bounded(path: Path) -> bytes:
    """Return a file's bytes. Raises `OSError`, or `ConfigError` if the file is too large.

    If the path is a named pipe, its writer has `PIPE_SECONDS` to begin; otherwise `OSError` is
    raised.
    """
    data = _read(path, FILE_BYTES + 1)
    if len(data) > FILE_BYTES:
        raise ConfigError(
            f"{path.name} is larger than {FILE_BYTES >> 20} MiB",
            where=str(path),
            todo="check that it is the right file, and shorten it",
        )
    return data


def read_own_file(path: Path) -> bytes:
    """Return the bytes of a file in which the deployer keeps its own records.

    Raises `OSError`, also if the file is too large for a record, or endless like /dev/zero.
    """
    data = _read(path, RECORD_BYTES + 1)
    if len(data) > RECORD_BYTES:
        raise OSError(errno.EFBIG, f"larger than {RECORD_BYTES >> 20} MiB", str(path))
    return data


def is_no_record(path: Path, error: OSError) -> bool:
    """Return whether `read_own_file` failed because the path cannot be a record.

    The path is then too large, endless, or a pipe without a writer.
    """
    return error.errno == errno.EFBIG or (error.errno == errno.ETIMEDOUT and path.is_fifo())


def move_away(path: Path) -> str:
    """Return, in backticks, the command that moves an unusable file away but keeps it."""
    return f"`mv {quote(str(path))} {quote(f'{path}.damaged')}`"


def _read(path: Path, size: int) -> bytes:
    """Return at most `size` bytes of a file. Raises `OSError`."""
    with open(path, "rb", opener=_without_waiting) as file:
        poll = select.poll()  # unlike `select`, for any number of open files
        poll.register(file, select.POLLIN)
        if not poll.poll(PIPE_SECONDS * 1000):
            raise OSError(errno.ETIMEDOUT, "no program writes to this pipe", str(path))
        os.set_blocking(file.fileno(), True)
        return file.read(size)


def _without_waiting(path: str, flags: int) -> int:
    # Opening a named pipe would otherwise wait for its writer without any limit.
    return os.open(path, flags | os.O_NONBLOCK)


def require_usable(text: str, where: str) -> None:
    """Raise `ConfigError` if the text has a character that no argument or variable can hold."""
    if match := UNUSABLE.search(text):
        raise ConfigError(
            f"A value has the character U+{ord(match[0]):04X}, which no variable can hold",
            where=where,
            todo="remove this character",
        )


class BoundedLoader(yaml.SafeLoader):
    """PyYAML's safe loader with limits; an alias counts as many nodes as it expands to."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        # The nodes so far, the present level, and the deepest level in the present node.
        self._nodes = self._level = self._deepest = 0
        # Node → its numbers of nodes and levels, which each alias of the node adds again.
        self._extents: dict[yaml.Node | None, tuple[int, int]] = {}

    def compose_node(self, parent: Any, index: Any) -> yaml.Node | None:
        """Compose one node. Raises `MarkedYAMLError` if there are too many nodes or levels."""
        event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call]
        is_alias, mark = isinstance(event, yaml.AliasEvent), event.start_mark
        before, deepest = self._nodes, self._deepest
        self._level += 1
        self._count(1, self._level, mark)
        self._deepest = self._level
        node = super().compose_node(parent, index)
        if is_alias:
            # A node that contains its own alias has no extent yet. It counts as a single node here,
            # and is refused when its value is constructed.
            nodes, levels = self._extents.get(node, (1, 1))
            self._count(nodes - 1, self._level + levels - 1, mark)
        else:
            self._extents[node] = (self._nodes - before, self._deepest - self._level + 1)
        self._deepest = max(self._deepest, deepest)
        self._level -= 1
        return node

    def _count(self, nodes: int, level: int, mark: Any) -> None:
        """Count nodes, the deepest of them at `level`. Raises `MarkedYAMLError` above a limit."""
        self._nodes += nodes
        self._deepest = max(self._deepest, level)
        if self._nodes > NODES:
            raise yaml.MarkedYAMLError(
                problem=f"it has more than {NODES:,} values, counting those that aliases repeat",
                problem_mark=mark,
                note="write fewer values, or fewer aliases of aliases",
            )
        if level > LEVELS:
            raise yaml.MarkedYAMLError(
                problem=f"nested too deeply, in more than {LEVELS} levels",
                problem_mark=mark,
                note="write fewer levels",
            )

    def compose_scalar_node(self, anchor: Any) -> yaml.ScalarNode:
        """Compose a scalar. Raises `MarkedYAMLError` if it has an unusable character."""
        node: yaml.ScalarNode = super().compose_scalar_node(anchor)
        if match := UNUSABLE.search(node.value):
            raise yaml.MarkedYAMLError(
                problem=f"a value has the character U+{ord(match[0]):04X}",
                problem_mark=node.start_mark,
                note="remove it: no argument or variable can hold it",
            )
        return node
