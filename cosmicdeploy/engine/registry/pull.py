"""Pull an image, or ask a registry for the digest of a tag without pulling."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import requests
from docker import APIClient
from docker.errors import APIError
from docker.utils import parse_repository_tag
from docker.utils.json_stream import json_stream

from cosmicdeploy.engine.building import images
from cosmicdeploy.engine.connection import is_silence, translated
from cosmicdeploy.engine.facts import Image
from cosmicdeploy.engine.registry.login import Login, login_for
from cosmicdeploy.engine.registry.problems import is_definite, pull_failed, reason_of
from cosmicdeploy.engine.registry.progress import PullProgress
from cosmicdeploy.errors import PullFailed
from cosmicdeploy.process.signals import each_interruptible, interruptible

# Unpacking a large layer on a slow disk is silent for half a minute.
SILENCE_SECONDS = 120.0
Json = dict[str, Any]


def pull(
    api: APIClient,
    reference: str,
    on_progress: Callable[[str], None],
    platform: str | None = None,
    silence: float = SILENCE_SECONDS,
) -> Image:
    """Pull an image by tag or digest, and return it.

    `platform` is the engine's own by default. `on_progress` receives a line for each message of the
    engine, and may raise to stop the pull. Raises `PullFailed`, also if the engine reports nothing
    for `silence` seconds, and `EngineError` if the engine fails or goes away. Any exception stops
    the pull on the engine too, because the connection is closed.
    """
    login = login_for(api, reference)
    progress = PullProgress(reference)
    on_progress(f"pulling {reference}")
    with translated("Pulling an image", reference), _explained(reference, login, silence):
        query = _query(reference, platform)
        for message in _messages(api, query, login, silence):
            if "error" in message:  # the response began with status 200, so nothing was raised
                raise pull_failed(reference, login, str(message["error"]))
            on_progress(progress.add(message))
        image = images.find(api, reference)
    if image is None:
        raise PullFailed(
            f"The pull of {reference} ended without an error, but the engine lacks the image",
            where=reference,
            todo=f"test with `docker pull {reference}`, then run the same command again",
        )
    return image


def registry_digest(api: APIClient, reference: str) -> str:
    """Return the digest that a tag has in its registry, without pulling; "" if unknown.

    The digest is unknown if the registry gives no clear answer, for example during an outage.
    Raises `PullFailed` if the registry's answer shows that a pull would fail, and as `login_for`
    does.
    """
    login, raw = login_for(api, reference), _raw(api)
    url = raw._url("/distribution/{0}/json", reference)
    with translated("Asking a registry", reference):
        try:
            # True: parse the response as JSON.
            found = raw._result(raw._get(url, headers=login.headers), True)
        except APIError as error:
            if is_definite(error, reference):
                raise pull_failed(reference, login, reason_of(error)) from error
            return ""
        except requests.Timeout:
            return ""
    return str((found.get("Descriptor") or {}).get("digest") or "")


def _query(reference: str, platform: str | None) -> dict[str, str]:
    repository, tag = parse_repository_tag(reference)
    query = {"fromImage": repository, "tag": tag or "latest"}
    return query | ({"platform": platform} if platform else {})


def _messages(
    api: APIClient, query: Mapping[str, str], login: Login, silence: float
) -> Iterator[Json]:
    """Yield the engine's messages during a pull; close the connection in any case."""
    raw = _raw(api)
    # The SDK's own `pull` has no time limit: it would wait forever for a silent engine.
    with interruptible():
        response = raw._post(
            raw._url("/images/create"),
            params=query,
            headers=login.headers,
            stream=True,
            timeout=silence,
        )
    try:
        raw._raise_for_status(response)
        messages: Any = json_stream(response.iter_content(chunk_size=None))
        yield from each_interruptible(messages)
    finally:
        response.close()


def _raw(api: APIClient) -> Any:
    """Return the client as `Any`: the SDK's type stubs lack the methods that send a request."""
    return api


@contextmanager
def _explained(reference: str, login: Login, silence: float) -> Iterator[None]:
    """Turn the engine's errors and its silence in this block into `PullFailed`."""
    try:
        yield
    except APIError as error:
        raise pull_failed(reference, login, reason_of(error)) from error
    except requests.RequestException as error:
        if not is_silence(error):
            raise
        raise PullFailed(
            f"The pull of {reference} was ended: the engine reported no progress for"
            f" {silence:.0f} s",
            where=reference,
            todo=f"check {login.host} and the engine's network, then run the same command again",
        ) from error
