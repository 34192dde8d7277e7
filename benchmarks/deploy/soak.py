"""Change the duration of the soak in the settings of a stack."""

from __future__ import annotations

from pathlib import Path

import yaml


def set_soak(folder: Path, seconds: float) -> float | None:
    """Set the seconds of the soak in the stack's settings, where its key is `watch.seconds`.

    Returns the previous value, or None if the settings have none.
    """
    path = folder / "cosmicdeploy.yaml"
    settings = yaml.safe_load(path.read_text())
    watch = settings.get("watch")
    if not isinstance(watch, dict) or "seconds" not in watch:
        return None
    before = float(watch["seconds"])
    watch["seconds"] = seconds
    path.write_text(yaml.safe_dump(settings, sort_keys=False))
    return before
