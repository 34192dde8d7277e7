"""Commands of the deployer as processes, started by a server that has it loaded already."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[4]
SERVER = "tests.stack.support.processes.preloaded"


class Command:
    """A running command, with the methods of `subprocess.Popen` that tests need.

    Its standard input is empty; `stdout` and `stderr` are text.
    """

    def __init__(
        self, module: str, *arguments: str, folder: Path, environ: Mapping[str, str]
    ) -> None:
        request = {
            "module": module,
            "arguments": arguments,
            "folder": str(folder),
            "environ": dict(environ),
        }
        self._name = " ".join((module, *arguments))
        self.returncode: int | None = None
        self._end, other_end = socket.socketpair()
        with other_end, open(os.devnull, "rb") as nothing:  # noqa: PTH123
            (out, out_end), (err, err_end) = os.pipe(), os.pipe()
            descriptors = [nothing.fileno(), out_end, err_end, other_end.fileno()]
            socket.send_fds(_server(), [json.dumps(request).encode()], descriptors)
            os.close(out_end)
            os.close(err_end)
        self.stdout: IO[str] = open(out)  # noqa: PTH123, SIM115 - the reader closes it
        self.stderr: IO[str] = open(err)  # noqa: PTH123, SIM115
        self._told = b""
        while b" " not in self._told:
            self._told += self._receive()
        self.pid = int(self._told)

    def _receive(self) -> bytes:
        message = self._end.recv(64)
        assert message, "the server of commands is gone"
        return message

    def poll(self) -> int | None:
        """Return the exit code, negative for a signal, or None while it runs."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; raises `subprocess.TimeoutExpired`."""
        if self.returncode is None:
            if not self._told.partition(b" ")[2]:
                if not select.select([self._end], [], [], timeout)[0]:
                    raise subprocess.TimeoutExpired(self._name, timeout or 0)
                self._told += self._receive()
            self.returncode = int(self._told.partition(b" ")[2])
            self._end.close()
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Return all that it writes until it ends; raises `subprocess.TimeoutExpired`."""
        streams = {self.stdout: "", self.stderr: ""}

        def read(stream: IO[str]) -> None:
            streams[stream] = stream.read()

        readers = [threading.Thread(target=read, args=(each,), daemon=True) for each in streams]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join(timeout)
            if reader.is_alive():
                raise subprocess.TimeoutExpired(self._name, timeout or 0)
        self.wait(timeout)
        texts = streams[self.stdout], streams[self.stderr]
        for stream in streams:
            stream.close()
        return texts

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


@cache
def _server() -> socket.socket:
    """The server of this process; it ends when this process does."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        subprocess.Popen([sys.executable, "-m", SERVER], cwd=ROOT, stdin=theirs)
    return ours
