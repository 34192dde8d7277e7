"""Files that are shipped with the tool."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parents[1]


def playbooks() -> Path:
    """The folder of the shipped playbooks."""
    return _shipped("playbooks")


def example_settings() -> Path:
    """The commented example of `cosmicdeploy.yaml`."""
    return _shipped("cosmicdeploy.yaml")


def payload() -> Path:
    """The stack that is shipped: compose file, proxy configuration, application."""
    return PACKAGE / "payload"


def _shipped(name: str) -> Path:
    # An installed package carries them inside; in a checkout they lie at the top.
    inside = PACKAGE / name
    return inside if inside.exists() else PACKAGE.parent / name
