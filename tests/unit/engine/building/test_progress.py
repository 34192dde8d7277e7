"""The lines of a build's output, from BuildKit's messages and from those of docker buildx."""

from __future__ import annotations

import pytest

from cosmicdeploy.engine.building.builders.buildx.plain_progress import PlainProgress
from cosmicdeploy.engine.building.builders.trace import Progress

pytestmark = pytest.mark.unit


def varint(value: int) -> bytes:
    rest = b""
    while value >= 0x80:
        rest += bytes([value & 0x7F | 0x80])
        value >>= 7
    return rest + bytes([value])


def field(number: int, value: bytes | str | int) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    content = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(content)) + content


TIME = field(1, 1_796_000_000) + field(2, 1)


def vertex(name: str, *, cached: bool = False, ended: bool = False, error: str = "") -> bytes:
    parts = [field(1, f"sha256:{name}"), field(3, name), field(5, TIME)]
    parts += [field(4, 1)] if cached else []
    parts += [field(6, TIME)] if ended else []
    parts += [field(7, error)] if error else []
    return field(1, b"".join(parts))


def log(name: str, text: str | bytes) -> bytes:
    return field(3, field(1, f"sha256:{name}") + field(2, TIME) + field(3, 1) + field(4, text))


def lines(*messages: bytes) -> list[str]:
    progress = Progress()
    return [line for message in messages for line in progress.lines(message)]


def test_an_instruction_is_shown_once() -> None:
    name = "[2/3] RUN ls"
    assert lines(vertex(name), vertex(name), vertex(name, ended=True)) == [name]


def test_a_cached_instruction_is_shown_as_such() -> None:
    name = "[2/3] RUN ls"
    assert lines(vertex(name, cached=True, ended=True), vertex(name, cached=True)) == [
        f"CACHED {name}"
    ]


def test_what_belongs_to_no_instruction_is_not_shown() -> None:
    names = ["[internal] load metadata", "copy /context /", "exporting to image"]
    assert lines(*map(vertex, names)) == []


def test_an_error_is_shown() -> None:
    assert lines(vertex("[2/3] RUN x", ended=True, error="exit code: 7")) == [
        "[2/3] RUN x",
        "ERROR exit code: 7",
    ]


def test_logs_are_joined_to_lines() -> None:
    assert lines(
        log("a", "one\ntw"), log("b", "other\n"), log("a", "o\n\n"), log("a", "10%\r20%\r\n")
    ) == ["one", "other", "two", "20%"]
    assert lines(log("a", "no end"), vertex("a", ended=True)) == ["no end", "a"]
    assert lines(log("a", b"\xff\n")) == ["\ufffd"]


def test_an_unfinished_line_of_a_failed_build_is_shown() -> None:
    progress = Progress()
    assert list(progress.lines(log("a", "died"))) == []
    assert list(progress.rest()) == ["died"]


def test_unknown_fields_are_skipped() -> None:
    fixed = varint(9 << 3 | 1) + b"12345678" + varint(9 << 3 | 5) + b"1234" + field(8, 300)
    assert lines(fixed + vertex("[1/1] x")) == ["[1/1] x"]


@pytest.mark.parametrize("message", [b"\x0a\xff", b"\x0a\x05abc", b"\x80", b"\x0b"])
def test_a_malformed_message_is_an_error(message: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        lines(message)


PLAIN = """\
#1 [internal] load build definition from Dockerfile
#1 DONE 0.0s

#4 [stage-1 1/3] FROM docker.io/a
#4 CACHED

#6 [stage-1 2/3] RUN ls
#6 0.478 one
#6 ERROR: process "/bin/sh -c ls" did not complete successfully: exit code: 7
------
 > [stage-1 2/3] RUN ls:
0.478 one
------
Dockerfile:2
ERROR: failed to solve: process "/bin/sh -c ls" did not complete successfully: exit code: 7
"""


def test_the_output_of_buildx_gives_the_same_lines() -> None:
    progress = PlainProgress()
    shown = [line for output in PLAIN.splitlines() for line in progress.lines(output + "\n")]
    reason = 'process "/bin/sh -c ls" did not complete successfully: exit code: 7'
    assert shown == [
        "[stage-1 1/3] FROM docker.io/a",
        "CACHED [stage-1 1/3] FROM docker.io/a",
        "[stage-1 2/3] RUN ls",
        "one",
        f"ERROR: {reason}",
        f"ERROR: failed to solve: {reason}",
    ]
    assert progress.error == reason
