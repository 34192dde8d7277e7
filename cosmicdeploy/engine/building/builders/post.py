"""Send a build request to the engine, and read the engine's messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from http.client import HTTPException
from typing import Any

import urllib3

from cosmicdeploy.engine.connection import TIMEOUT_SECONDS, is_silence
from cosmicdeploy.errors import EngineError, EngineUnavailable
from cosmicdeploy.process.signals import each_interruptible, interruptible

# A build that prints nothing for this many seconds is given up. Compilers can be quiet for long.
SILENCE_SECONDS = 3600.0


@contextmanager
def post_build(
    api: Any,
    archive: Iterator[bytes],
    parameters: Mapping[str, Any],
    silence: float = SILENCE_SECONDS,
) -> Iterator[Iterator[dict[str, Any]]]:
    """Start a build, and give the block an iterator over the engine's messages.

    Leaving the block closes the connection; the engine then stops a build that still runs. Raises
    what the SDK raises, `EngineError` if the engine sends nothing for `silence` seconds, and
    `EngineUnavailable` if the connection to the engine is lost.
    """
    with interruptible():
        response = api._post(
            api._url("/build"),
            data=archive,
            params={key: value for key, value in parameters.items() if value is not None},
            headers={"Content-Type": "application/x-tar"},
            stream=True,
            timeout=(TIMEOUT_SECONDS, silence),
        )
    with closing(response), _translated_breaks(silence):
        yield each_interruptible(api._stream_helper(response, decode=True))


@contextmanager
def _translated_breaks(silence: float) -> Iterator[None]:
    """Translate the errors of urllib3 and http.client, which the SDK does not translate.

    Raises `EngineError` for a silent engine, and `EngineUnavailable` for a lost connection.
    """
    try:
        yield
    except (urllib3.exceptions.HTTPError, HTTPException, TimeoutError) as error:
        if not is_silence(error):
            raise engine_gone() from error
        raise EngineError(
            f"The build printed nothing for {silence:.0f} s, and was given up",
            todo="find out which instruction hangs; let a slow instruction print its progress",
        ) from error


def engine_gone() -> EngineUnavailable:
    """Return the error for an engine that went away during the build."""
    return EngineUnavailable(
        "The Docker Engine went away during the build",
        todo="start the engine again, then run the same command again",
    )
