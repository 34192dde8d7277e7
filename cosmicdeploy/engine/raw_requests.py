"""Send requests to the engine's API that the SDK's own methods cannot send.

The SDK has no method for such a request, or its method lacks keys of the request.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# The client is `Any`, since the SDK's type stubs lack its private methods, which are called here.


def api_version(api: Any) -> tuple[int, int]:
    """Return the API version of all requests, such as (1, 44); the engine supports it."""
    major, minor = str(api._version).split(".")[:2]
    return int(major), int(minor)


def post(api: Any, path: str, body: Mapping[str, Any]) -> None:
    """Send a JSON body to a path such as "/networks/create". Raises what the SDK raises."""
    api._raise_for_status(api._post_json(api._url(path), data=body))


def put(api: Any, path: str, params: Mapping[str, str], data: bytes) -> None:
    """Send bytes to a path. Raises what the SDK raises."""
    api._raise_for_status(api._put(api._url(path), params=params, data=data))
