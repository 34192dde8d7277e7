"""Unpack an engine's packages into a root file system of its own, with mmdebstrap."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bootstrap import machine
from bootstrap.engines.catalogue import ROOT, EngineKind

# This file marks a complete root file system. It holds the digest of the inputs.
STAMP = "cosmicdeploy.inputs"
TOOLS = {"mmdebstrap": "mmdebstrap", "unshare": "util-linux", "nsenter": "util-linux"}


class EngineError(Exception):
    """The engine cannot be unpacked or started; the message has the reason and what to do."""


def ensure_root(kind: EngineKind) -> Path:
    """Return the engine's root file system; create it if it is missing or outdated.

    Raises `EngineError`.
    """
    _require_root()
    with _locked(kind.root.with_suffix(".lock")):
        try:
            install_missing_tools()
            sources = machine.apt_sources(kind.suite)
            settings = machine.apt_settings()
        except machine.MachineError as error:
            raise EngineError(f"Engine {kind.name} cannot be unpacked: {error}") from error
        inputs = _digest(sources, settings, *kind.packages)
        stamp = kind.root / STAMP
        if not stamp.is_file() or stamp.read_text(encoding="utf-8") != inputs:
            _make(kind, sources, settings)
            stamp.write_text(inputs, encoding="utf-8")
    return kind.root


def _require_root() -> None:
    if os.getuid() != 0:
        raise EngineError("another engine needs root: run this as root")


def install_missing_tools() -> None:
    """Install mmdebstrap and the tools that start an engine. Raises `EngineError`."""
    missing = sorted({package for name, package in TOOLS.items() if not shutil.which(name)})
    if not missing and machine.has_package_lists():
        return
    command = [str(ROOT / "bootstrap" / "apt-install.sh"), *missing]
    if subprocess.run(command, stdout=sys.stderr, check=False).returncode:
        raise EngineError(f"cannot install {' '.join(missing) or 'package lists'}: see above")


def _make(kind: EngineKind, sources: str, settings: str) -> None:
    say(f"unpacking the engine of Debian {kind.suite} into {kind.root}")
    shutil.rmtree(kind.root, ignore_errors=True)
    kind.root.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="cosmicdeploy-engine-") as folder:
        apt_list, apt_conf = Path(folder, "apt.list"), Path(folder, "apt.conf")
        apt_list.write_text(sources, encoding="utf-8")
        apt_conf.write_text(settings, encoding="utf-8")
        command = [
            "mmdebstrap",
            "--quiet",
            "--variant=apt",
            f"--include={','.join(kind.packages)}",
            f"--aptopt={apt_conf}",
            '--aptopt=APT::Install-Recommends "false"',
            '--aptopt=Acquire::Languages "none"',
            "--dpkgopt=force-unsafe-io",
            "--dpkgopt=path-exclude=/usr/share/doc/*",
            "--dpkgopt=path-exclude=/usr/share/man/*",
            "--dpkgopt=path-exclude=/usr/share/locale/*",
            kind.suite,
            str(kind.root),
            str(apt_list),
        ]
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
    if done.returncode:
        shutil.rmtree(kind.root, ignore_errors=True)
        lines = (done.stdout + done.stderr).splitlines()[-15:]
        raise EngineError(
            "\n".join([f"Engine {kind.name} cannot be unpacked from Debian {kind.suite}:", *lines])
        )
    # The engine has no outside network. If a name server stood here, containers would wait for it.
    (kind.root / "etc" / "resolv.conf").write_text("", encoding="utf-8")


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock during the block: two runs at the same time would unpack into one folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def say(text: str) -> None:
    """Print progress to stderr; stdout is for the result."""
    print(f"engines: {text}", file=sys.stderr, flush=True)
