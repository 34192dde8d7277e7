"""What the services' containers wrote, and what they write from now on."""

from __future__ import annotations

from cosmicdeploy.operations.logs.reading import Reading, Wanted

__all__ = ["Reading", "Wanted"]
