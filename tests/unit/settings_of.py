"""Settings of a small stack, without a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cosmicdeploy.settings import Settings


def settings_of(services: Mapping[str, Any], **sections: Any) -> Settings:
    """Return valid settings: the roles of the services, and other sections as in the file."""
    return Settings.model_validate({"app": {}, **sections, "services": dict(services)})
