"""A frozen server accepts connections and stays silent: commands end within seconds, and name it.

`docker pause` would not do: the engine reports a paused container, so no command connects to it.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import docker
import pytest

from tests.stack.support.harness import Done, StackUnderTest

pytestmark = pytest.mark.stack

COMMANDS = (("step", "health"), ("verify",), ("diagnose",))
# The claim is 2 s; the test allows more, since other tests share the machine's cores.
SIGTERM_SECONDS = 4.0
# How long a command may take in all: it asks a silent server several times, one after the other.
COMMAND_SECONDS = 90.0


@contextmanager
def frozen(stack: StackUnderTest, kind: str) -> Iterator[str]:
    """Freeze every process of a service, `database`, `cache` or `proxy`; yield its name."""
    wait_healthy(stack)
    name = getattr(stack.open().settings.services, kind)
    container = docker.from_env().containers.get(stack.containers()[name].id)
    pids = [int(row[0]) for row in container.top(ps_args="-eo pid")["Processes"]]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield name
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
        wait_healthy(stack)


def wait_healthy(stack: StackUnderTest) -> None:
    """Wait until all containers are ready: the replicas are unhealthy while a server is frozen."""
    deadline = time.monotonic() + 120
    while (unready := not_ready(stack)) and time.monotonic() < deadline:
        time.sleep(0.5)
    assert not unready


def not_ready(stack: StackUnderTest) -> list[str]:
    return [name for name, container in stack.containers().items() if not container.is_ready]


@pytest.mark.torture
@pytest.mark.fault("frozen database, cache or proxy")
@pytest.mark.parametrize("kind", ["database", "cache", "proxy"])
def test_sigterm_ends_each_command_that_waits_for_a_frozen_server(
    stack: StackUnderTest, kind: str
) -> None:
    for words in COMMANDS:
        with frozen(stack, kind):
            command = stack.start(*words, "--json")
            time.sleep(1.5)  # long enough to reach the server; how far it is does not matter
            if command.poll() is None:
                os.kill(command.pid, signal.SIGTERM)
                sent = time.monotonic()
                # 0: the command asks another server, and had ended at that moment.
                assert command.wait(timeout=60) in (0, 130), words
                assert time.monotonic() - sent < SIGTERM_SECONDS, words


@pytest.mark.fault("frozen database, cache or proxy")
@pytest.mark.torture
@pytest.mark.parametrize("words", COMMANDS, ids=[" ".join(words) for words in COMMANDS])
def test_a_frozen_database_is_named_within_seconds(
    stack: StackUnderTest, words: tuple[str, ...]
) -> None:
    with frozen(stack, "database"):
        started = time.monotonic()
        done: Done = stack.cli(*words, "--json")
        assert time.monotonic() - started < COMMAND_SECONDS
    assert done.code not in (0, 2), done.stdout
    assert "accepts connections, but does not answer" in done.stdout
