"""Settings of a small stack, without a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from cosmicdeploy.files.yaml_reader import Document
from cosmicdeploy.settings import Settings
from cosmicdeploy.settings.framework import framework_of


def settings_of(services: Mapping[str, Any], **sections: Any) -> Settings:
    """Return valid settings: the roles of the services, and other sections as in the file."""
    return Settings.model_validate({"app": {}, **sections, "services": dict(services)})


def loaded_of(settings: Settings, **fields: Any) -> Any:
    """Return settings as if they were loaded, with the framework that they name."""
    document = Document(path=Path("cosmicdeploy.yaml"), data={})
    return SimpleNamespace(settings=settings, framework=framework_of(settings, document), **fields)
