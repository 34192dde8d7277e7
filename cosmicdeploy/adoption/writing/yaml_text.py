"""Render settings as YAML with the evidence for each value as a comment."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import yaml

from cosmicdeploy.adoption.facts import Note, Setting
from cosmicdeploy.adoption.reading.declared import one_line

HEAD = """\
# Written by `cosmicdeploy adopt`: what differs from the defaults or is a guess, and where that was
# seen. Look at the lines marked "guess"; a line marked "to do" needs something from you. Every
# key is explained in the cosmicdeploy.yaml that is shipped with cosmicdeploy.
"""
WIDTH = 100
_INDENT = "  "


def render(settings: Sequence[Setting], notes: Iterable[Note]) -> str:
    """Return the text of `cosmicdeploy.yaml`; the notes are comments at its end."""
    lines = [HEAD.rstrip(), "", *_body(settings)]
    comments = list(_notes(notes))
    if comments:
        lines += ["", *comments]
    return "\n".join(lines) + "\n"


def _body(settings: Sequence[Setting]) -> Iterator[str]:
    """Yield the lines of all settings; those of a section stand together."""
    open_section: tuple[str, ...] = ()
    previous = ""
    for each in settings:
        *section, key = each.key
        if previous and (each.key[0] != previous) and (section or open_section):
            yield ""
        for depth, name in enumerate(section):
            if tuple(section[: depth + 1]) != open_section[: depth + 1]:
                yield f"{_INDENT * depth}{_flow(name)}:"
                open_section = ()
        open_section, previous = tuple(section), each.key[0]
        yield from _lines(f"{_INDENT * len(section)}", f"{_flow(key)}: {_flow(each.value)}", each)


def _lines(indent: str, text: str, setting: Setting) -> Iterator[str]:
    """Yield a value with its comment behind it, or above it if the line would be too long."""
    comment = _comment(setting)
    if not comment:
        yield f"{indent}{text}"
    elif len(f"{indent}{text} # {comment}") <= WIDTH:
        yield f"{indent}{text} # {comment}"
    else:
        yield from _wrapped(comment, f"{indent}# ")
        yield f"{indent}{text}"


def _comment(setting: Setting) -> str:
    mark = f"{setting.mark}: " if setting.mark else ""
    return f"{mark}{one_line(setting.evidence)}".rstrip(": ") if mark or setting.evidence else ""


def _notes(notes: Iterable[Note]) -> Iterator[str]:
    for note in notes:
        about = f"{note.about}: " if note.about else ""
        todo = f" → {note.todo}" if note.todo else ""
        yield from _wrapped(one_line(f"{about}{note.what}{todo}"), "# - ", "#   ")


def _wrapped(text: str, first: str, others: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=others or first,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _flow(value: Any) -> str:
    """Return a value as YAML on one line; a `$` is doubled, since settings resolve variables."""
    text = yaml.safe_dump(_escaped(value), default_flow_style=True, width=1 << 20, sort_keys=False)
    return text.removesuffix("\n").removesuffix("\n...")


def _escaped(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, list):
        return [_escaped(each) for each in value]
    return value
