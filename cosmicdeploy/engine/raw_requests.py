"""Requests to the engine's API for which the SDK has no method, or none with all keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# The SDK's client is `Any` here: these are its own building blocks, which its types leave out.


def api_version(api: Any) -> tuple[int, int]:
    """Return the version of the API that the client speaks, which the engine knows."""
    major, minor = str(api._version).split(".")[:2]
    return int(major), int(minor)


def post(api: Any, path: str, body: Mapping[str, Any]) -> None:
    """Send a JSON body to a path such as "/networks/create". Raises what the SDK raises."""
    api._raise_for_status(api._post_json(api._url(path), data=body))


def put(api: Any, path: str, params: Mapping[str, str], data: bytes) -> None:
    """Send bytes to a path. Raises what the SDK raises."""
    api._raise_for_status(api._put(api._url(path), params=params, data=data))
