"""Install Ansible with community.docker in a separate virtual environment."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.deploy.stack import ROOT

VENV = ROOT / ".cache" / "ansible"
# The package `ansible` contains ansible-core and the collections.
PACKAGES = ("ansible==12.3.0", "requests>=2.32")


def ansible_playbook() -> tuple[str, str]:
    """Install Ansible if necessary; return the paths of ansible-playbook and its Python.

    Raises `RuntimeError` if the installation fails.
    """
    done = VENV / ".done"
    if not done.exists() or done.read_text() != str(VENV.resolve()):
        _install()
        done.write_text(str(VENV.resolve()))
    return str(VENV / "bin" / "ansible-playbook"), str(VENV / "bin" / "python")


def _install() -> None:
    print("bench-deploy: installing Ansible", file=sys.stderr, flush=True)
    shutil.rmtree(VENV, ignore_errors=True)
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-input"]
    for argv in ([sys.executable, "-m", "venv", str(VENV)], [*pip, *PACKAGES]):
        result = subprocess.run(argv, capture_output=True, text=True, check=False)
        if result.returncode:
            reason = (result.stderr.splitlines() or ["no reason given"])[-1]
            raise RuntimeError(f"Cannot install Ansible: {reason}")


def versions() -> str:
    """Return the versions of ansible-core and community.docker; "" if not installed."""
    site = next((VENV / "lib").glob("python*/site-packages"), Path())
    manifest = site / "ansible_collections" / "community" / "docker" / "MANIFEST.json"
    core = site / "ansible" / "release.py"
    if not manifest.exists():
        return ""
    collection = json.loads(manifest.read_text())["collection_info"]["version"]
    version = core.read_text().split("__version__ = '")[1].split("'")[0]
    return f"ansible-core {version}, community.docker {collection}"
