"""Send a build to the engine, and read its messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from http.client import HTTPException
from typing import Any

import urllib3

from cosmicdeploy.engine.connection import TIMEOUT_SECONDS
from cosmicdeploy.errors import EngineError, EngineUnavailable
from cosmicdeploy.signals import each_interruptible, interruptible

# A build that prints nothing for so long is given up; the longest quiet commands are compilers.
SILENCE_SECONDS = 3600.0


@contextmanager
def post_build(
    api: Any,
    archive: Iterator[bytes],
    parameters: Mapping[str, Any],
    silence: float = SILENCE_SECONDS,
) -> Iterator[Iterator[dict[str, Any]]]:
    """Start a build; the value is an iterator over its messages.

    Leaving the block closes the connection, with which the engine ends a build that still runs.
    Raises `EngineError` if the engine sends nothing for `silence` seconds, and `EngineUnavailable`
    if it goes away.
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
    """Translate the errors of the library below the SDK, which the SDK passes on."""
    try:
        yield
    except (urllib3.exceptions.ReadTimeoutError, TimeoutError) as error:
        raise EngineError(
            f"The build printed nothing for {silence:.0f} s, and was given up",
            todo="find out which instruction hangs; let a long one print something",
        ) from error
    except (urllib3.exceptions.HTTPError, HTTPException) as error:
        raise engine_gone() from error


def engine_gone() -> EngineUnavailable:
    """Return the error for an engine that went away during the build."""
    return EngineUnavailable(
        "The Docker Engine went away during the build",
        todo="start it again and run the same command: it resumes from what it finds",
    )
