"""A stack without an image of its own: its releases differ in a variable of the container."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.stack.stacks.one_app import OneApp, base_image


@dataclass(frozen=True)
class ByVariable(OneApp):
    """The application runs a base image, with its program mounted."""

    def files(self, release: str) -> dict[str, str]:
        files = super().files(release)
        del files["Dockerfile"]
        return files

    def compose_file(self) -> dict[str, Any]:
        compose = super().compose_file()
        app = compose["services"]["app"]
        del app["build"]
        app |= {
            "image": base_image("PYTHON_IMAGE"),
            "command": ["python3", "/srv/server.py"],
            "volumes": ["./server.py:/srv/server.py:ro"],
            "environment": {"RELEASE": "${RELEASE:?}"},
        }
        return compose
