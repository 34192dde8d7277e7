"""Change how long a deploy of a stack watches the release: the trial before it, and the soak."""

from __future__ import annotations

from pathlib import Path

import yaml

# Section and key in the settings: how long the trial has to run, and how long the soak lasts.
KEYS = (("restart", "stable_for"), ("watch", "seconds"))
Waits = tuple[float, ...]
NO_WAITS: Waits = (0.0, 0.0)


def set_waits(folder: Path, waits: Waits) -> Waits | None:
    """Set the seconds of each of `KEYS` in the stack's settings.

    Returns the previous values; changes nothing and returns None if the settings lack a key.
    """
    path = folder / "cosmicdeploy.yaml"
    settings = yaml.safe_load(path.read_text())
    if any(key not in (settings.get(section) or {}) for section, key in KEYS):
        return None
    before = tuple(float(settings[section][key]) for section, key in KEYS)
    for (section, key), seconds in zip(KEYS, waits, strict=True):
        settings[section][key] = seconds
    path.write_text(yaml.safe_dump(settings, sort_keys=False))
    return before
