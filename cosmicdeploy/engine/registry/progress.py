"""Turn the engine's messages during a pull into lines of progress."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class PullProgress:
    """The progress of one pull: for each layer the downloaded and the total bytes."""

    def __init__(self, image: str) -> None:
        self._image = image
        self._downloaded: dict[str, tuple[int, int]] = {}
        self._extracting = False

    def add(self, message: Mapping[str, Any]) -> str:
        """Record a message of the engine; return the progress so far as a line of text."""
        status, layer = str(message.get("status", "")), str(message.get("id", ""))
        detail = message.get("progressDetail") or {}
        current, total = int(detail.get("current") or 0), int(detail.get("total") or 0)
        if status == "Downloading" and total:
            self._downloaded[layer] = (current, total)
        elif status in ("Download complete", "Pull complete") and layer in self._downloaded:
            size = self._downloaded[layer][1]
            self._downloaded[layer] = (size, size)
        self._extracting = status == "Extracting"
        return self._line()

    def _line(self) -> str:
        total = sum(size for _, size in self._downloaded.values())
        if not total:
            return f"{self._image}: asking the registry"
        done = sum(current for current, _ in self._downloaded.values())
        doing = "unpacking" if self._extracting and done == total else "pulled"
        return f"{self._image}: {done / 1e6:.1f} of {total / 1e6:.1f} MB {doing}"
