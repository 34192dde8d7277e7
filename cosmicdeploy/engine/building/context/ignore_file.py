"""Decide which files of a build context an ignore file excludes, as `docker build` does.

The rules are those of the library that the docker command and BuildKit share: patterns distinguish
upper and lower case, a backslash escapes the next character, `**` matches any number of folders,
and a pattern that matches a folder matches everything in it.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.files.bounds import read_bounded

NAME = ".dockerignore"
_WILDCARDS = frozenset("*?[]\\")
_CLASS = re.compile(r"\[(\^?(?:\\.|[^\]\\])+)\]")
# For a folder: whether each pattern matches it. The files in the folder inherit the matches.
Matches = tuple[bool, ...]


@dataclass(frozen=True)
class Pattern:
    """A line of an ignore file; an exception (`!…`) includes what an earlier pattern excludes."""

    text: str
    is_exception: bool
    regex: re.Pattern[str]

    def may_include_below(self, folder: str) -> bool:
        """Return whether this is an exception that could match a path below the folder."""
        if not self.is_exception:
            return False
        has_wildcards = not _WILDCARDS.isdisjoint(self.text)
        return has_wildcards or self.text.startswith(f"{folder}/")


@dataclass(frozen=True)
class IgnoreRules:
    """The patterns of an ignore file, in order: the last one that matches a path decides."""

    patterns: Sequence[Pattern] = ()

    def match(self, path: str, parent: Matches = ()) -> tuple[bool, Matches]:
        """Return whether the path is excluded, and which patterns match it.

        `path` is relative to the context, with slashes. `parent` are the matches of the folder that
        contains the path; () for a path at the top.
        """
        excluded, results = False, []
        for index, pattern in enumerate(self.patterns):
            matches = bool(parent) and parent[index]
            # As in the library, a pattern that could not change the result is not even tried.
            if not matches and pattern.is_exception == excluded:
                matches = pattern.regex.fullmatch(path) is not None
            results.append(matches)
            if matches:
                excluded = not pattern.is_exception
        return excluded, tuple(results)

    def excludes(self, path: str) -> bool:
        """Return whether a path is excluded, by itself or by one of the folders above it."""
        matches: Matches = ()
        excluded = False
        parts = path.split("/")
        for count in range(1, len(parts) + 1):
            excluded, matches = self.match("/".join(parts[:count]), matches)
        return excluded

    def includes_below(self, folder: str) -> bool:
        """Return whether an exception could include a path below an excluded folder."""
        return any(pattern.may_include_below(folder) for pattern in self.patterns)


def read_ignore_rules(file: Path | None) -> IgnoreRules:
    """Read an ignore file; without a file, no path is excluded.

    Raises `ConfigError` for an invalid pattern, and for a file that is too large.
    """
    if file is None:
        return IgnoreRules()
    text = read_bounded(file).removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    return IgnoreRules(tuple(_patterns(text, str(file))))


def _patterns(text: str, file: str) -> Iterator[Pattern]:
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        if not stripped or line.startswith("#"):
            continue
        is_exception = stripped.startswith("!")
        path = _cleaned(stripped[1:].strip() if is_exception else stripped)
        try:
            yield Pattern(path, is_exception, _regex(path))
        except (re.error, ValueError) as error:
            raise ConfigError(
                f"'{stripped}' is not a valid pattern: {error}",
                where=f"{file}:{number}",
                todo="correct the pattern; `docker build` refuses it as well",
            ) from error


def _cleaned(path: str) -> str:
    """Return the path without double slashes, `.`, and a slash at its start or end.

    `..` removes the folder before it; at the start of the path it stays.
    """
    if not path:
        return ""
    cleaned = posixpath.normpath(re.sub("/+", "/", path))
    return cleaned[1:] if len(cleaned) > 1 and cleaned.startswith("/") else cleaned


def _regex(path: str) -> re.Pattern[str]:
    if not path:
        raise ValueError("the pattern is empty")
    if path.startswith("**") and _WILDCARDS.isdisjoint(path[2:]):
        # Before plain text, `**` also matches within a name: `**x` matches `ax`. And `**/x` matches
        # `x` itself.
        rest = re.escape(path[2:])
        return re.compile(f".*{rest}|{rest[1:]}" if path[2:3] == "/" else f".*{rest}", re.DOTALL)
    return re.compile("".join(_translated(path)), re.DOTALL)


def _translated(path: str) -> Iterator[str]:
    position = 0
    while position < len(path):
        character = path[position]
        position += 1
        if path.startswith("**", position - 1):
            position += 2 if path.startswith("/", position + 1) else 1
            yield "(.*/)?" if position < len(path) else ".*"
        elif character in "*?":
            yield "[^/]*" if character == "*" else "[^/]"
        elif character == "\\":
            if position == len(path):
                raise ValueError("nothing follows the backslash")
            yield re.escape(path[position])
            position += 1
        elif character == "[":
            match = _CLASS.match(path, position - 1)
            if match is None:
                raise ValueError("the bracket is not closed")
            position = match.end()
            members = match[1].replace("[", r"\[")
            yield f"[{members}]"
        else:
            yield re.escape(character)
