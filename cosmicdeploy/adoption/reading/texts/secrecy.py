"""Recognize by their names the files and variables that may hold a secret."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

_SUFFIXES = {".env", ".key", ".pem", ".crt", ".p12", ".pfx"}
_VARIABLE = re.compile(r"PASS|PWD|SECRET|TOKEN|AUTH|KEY|CREDENTIAL", re.IGNORECASE)


def is_secret_file(name: str) -> bool:
    """Return whether a file may hold secrets, by its name."""
    path = PurePosixPath(name)
    return path.name.startswith(".env") or path.suffix in _SUFFIXES


def is_secret_variable(name: str) -> bool:
    """Return whether a variable may hold a secret, by its name."""
    return _VARIABLE.search(name) is not None
