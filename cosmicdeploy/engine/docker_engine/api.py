"""The connection that all parts of `DockerEngine` share."""

from __future__ import annotations

import docker


class DockerApi:
    """Holds the SDK's client, and the client's low-level API, which most calls use."""

    def __init__(self, client: docker.DockerClient) -> None:
        self._client = client
        self._api = client.api
