"""Send a build to the engine, and read its messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

import urllib3
from docker import APIClient

from cosmicdeploy.engine.connection import TIMEOUT_SECONDS
from cosmicdeploy.errors import EngineError
from cosmicdeploy.signals import each_interruptible, interruptible

# A build that prints nothing for so long is given up; the longest quiet commands are compilers.
SILENCE_SECONDS = 3600.0


def post_build(
    api: APIClient,
    archive: Iterator[bytes],
    parameters: Mapping[str, Any],
    silence: float = SILENCE_SECONDS,
) -> Iterator[dict[str, Any]]:
    """Yield the messages of a build; the engine ends the build if the iterator is closed.

    Raises `EngineError` if the engine sends nothing for `silence` seconds, or goes away.
    """
    headers = {"Content-Type": "application/x-tar"}
    with interruptible():
        response = api._post(
            api._url("/build"),
            data=archive,
            params={key: value for key, value in parameters.items() if value is not None},
            headers=headers,
            stream=True,
            timeout=(TIMEOUT_SECONDS, silence),
        )
    # Closed in any case: the engine ends the build of a client that is gone.
    with closing(response):
        try:
            yield from each_interruptible(api._stream_helper(response, decode=True))
        except (urllib3.exceptions.ReadTimeoutError, TimeoutError) as error:
            raise EngineError(
                f"The build printed nothing for {silence:.0f} s, and was given up",
                todo="find out which instruction hangs; let a long one print something",
            ) from error
        except urllib3.exceptions.HTTPError as error:
            raise EngineError(f"The connection to the engine broke off: {error}") from error
