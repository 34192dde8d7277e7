"""Find the files that are shipped with cosmicdeploy."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parents[1]


def playbooks() -> Path:
    """Return the folder of the shipped playbooks."""
    return _shipped("playbooks")


def example_settings() -> Path:
    """Return the path of the commented example of `cosmicdeploy.yaml`."""
    return _shipped("cosmicdeploy.yaml")


def payload() -> Path:
    """Return the folder of the shipped stack: compose file, proxy configuration, application."""
    return PACKAGE / "payload"


def _shipped(name: str) -> Path:
    # An installed package contains these files; in a checkout they are next to the package.
    inside = PACKAGE / name
    return inside if inside.exists() else PACKAGE.parent / name
