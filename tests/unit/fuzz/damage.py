"""Damage the text of a file at random, and call a reader that must bear it."""

from __future__ import annotations

import random
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from cosmicdeploy.errors import to_cosmic_error

# A reader that computes for longer, or a server that takes longer to answer, hangs.
LIMIT_SECONDS = 5.0
# A reader that takes longer by the clock waits for something: on a busy machine, a reader that only
# computes may itself have to wait for long.
WALL_SECONDS = 60.0
# Pieces of text that are special in YAML, JSON, env files or values.
SPECIAL = (
    *"{}[]:,#&*!|>%@`'\"\\$-?~=\t\n\0",
    "\ud800",
    "\ufeff",
    "\x1b[2J",
    "\u2028",
    "${",
    "${A:-",
    "${A:?",
    "}",
    "$$",
    "<<: *a",
    "&a ",
    "*a",
    "!!python/object:x",
    "!reset ",
    "null",
    "true",
    "9" * 400,
    "1.0e999",
    "-1",
    ".nan",
    "0x",
    "1_0",
    "2026-13-45",
    "/dev/zero",
    "../..",
    "[/]",
    "[" * 200,
    "x" * 5000,
    "- \n" * 50,
)


def damaged(chance: random.Random, text: str) -> str:
    """Return the text with one to four changes."""
    for _ in range(chance.randrange(1, 5)):
        text = chance.choice((_insert, _insert, _remove, _repeat, _swap_lines, _replace_value))(
            chance, text
        )
    return text


def _insert(chance: random.Random, text: str) -> str:
    place = chance.randrange(len(text) + 1)
    return text[:place] + chance.choice(SPECIAL) + text[place:]


def _remove(chance: random.Random, text: str) -> str:
    place = chance.randrange(len(text) + 1)
    return text[:place] + text[place + chance.choice([1, 1, 5, 50]) :]


def _repeat(chance: random.Random, text: str) -> str:
    place = chance.randrange(len(text) + 1)
    return text[:place] + text[place : place + 40] * chance.choice([2, 3, 30]) + text[place:]


def _swap_lines(chance: random.Random, text: str) -> str:
    lines = text.split("\n")
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return "\n".join(lines)


def _replace_value(chance: random.Random, text: str) -> str:
    """Replace what follows the `: ` or the `=` of a line."""
    lines = text.split("\n")
    place = chance.randrange(len(lines))
    for sign in (": ", "="):
        name, found, _ = lines[place].partition(sign)
        if found:
            lines[place] = f"{name}{sign}{chance.choice(SPECIAL)}"
            break
    return "\n".join(lines)


def cases(
    seed: int, count: int, texts: Sequence[str]
) -> Iterator[tuple[int, random.Random, bytes]]:
    """Yield damaged texts as bytes, each with its number and a source of further chance.

    A case depends only on the seed and on its number, so a single one can be repeated.
    """
    for number in range(count):
        chance = random.Random(f"{seed} {number}")  # noqa: S311 - not secret, but reproducible
        data = damaged(chance, chance.choice(texts)).encode(errors="surrogatepass")
        if chance.random() < 0.05:
            place = chance.randrange(len(data) + 1)
            data = data[:place] + chance.randbytes(3) + data[place:]
        yield number, chance, data


def require_no_traceback(number: int, read: Callable[[], object]) -> None:
    """Call a reader; it may raise only an error of the deployer's own, and must not hang."""
    try:
        with limited():
            read()
    except Exception as error:
        cosmic = to_cosmic_error(error)
        if cosmic.what.startswith("Unexpected"):
            raise AssertionError(f"case {number}: {cosmic.what}") from error
        assert cosmic.what, f"case {number}"


class Hangs(BaseException):
    """The reader took too long."""


@contextmanager
def limited(computing: float = LIMIT_SECONDS, wall: float = WALL_SECONDS) -> Iterator[None]:
    """Raise `Hangs` in a block that computes for too long, or takes too long by the clock.

    Both limits are in seconds. Only for the main thread.
    """

    def end(_signal: int, _frame: FrameType | None) -> None:
        raise Hangs(f"longer than {computing:g} s of computing or {wall:g} s in all")

    before = signal.signal(signal.SIGVTALRM, end)
    # A thread, since pytest's own limit uses the timer of the wall clock.
    main = threading.main_thread().ident or 0
    clock = threading.Timer(wall, signal.pthread_kill, (main, signal.SIGVTALRM))
    clock.daemon = True
    clock.start()
    signal.setitimer(signal.ITIMER_VIRTUAL, computing)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        clock.cancel()
        clock.join()
        signal.signal(signal.SIGVTALRM, before)
