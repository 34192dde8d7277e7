"""The web application: its two routes, and the release as a header of every response."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cosmic_app import cache
from cosmic_app.heartbeat.batcher import Batcher
from cosmic_app.heartbeat.body import MAXIMUM_BYTES
from cosmic_app.heartbeat.model import Beat, Outcome
from cosmic_app.heartbeat.writer import BeatWriter
from cosmic_app.http import responses
from cosmic_app.http.health import HealthCheck
from cosmic_app.settings import Settings
from cosmic_app.tokens import bearer_token, hash_token

Submit = Callable[[Beat], Awaitable[Outcome]]


class Endpoints:
    """The handlers of the routes."""

    def __init__(self, release: str, health: HealthCheck) -> None:
        self._release = release
        self._health = health

    async def heartbeat(self, request: Request) -> Response:
        """Handle POST /api/devices/heartbeat."""
        token = bearer_token(request.headers.get("authorization"))
        if token is None:
            return responses.unauthorized()
        submit: Submit = request.state.submit
        beat = Beat(token_hash=hash_token(token), body=await read_body(request))
        outcome = await submit(beat)
        return responses.beat_response(outcome, time.time())

    async def health(self, request: Request) -> Response:
        """Handle GET /api/health."""
        return responses.health_response(await self._health.check(), self._release)


async def read_body(request: Request) -> bytes:
    """Read the body, but stop once it is too large; `parse_beat` refuses it later."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAXIMUM_BYTES:
            break
    return bytes(body)


def build_app(settings: Settings) -> ASGIApp:
    """Build the application, which connects to the database and Redis when it starts."""

    health = HealthCheck(settings)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, object]]:
        writer = BeatWriter(settings, cache.Breaker(cache.connect(settings.redis)))
        await asyncio.to_thread(writer.open)
        batcher = Batcher(settings.batch, writer.write, health.database_is_away)
        yield {"submit": batcher.submit}
        await batcher.close()
        writer.close()

    endpoints = Endpoints(settings.release, health)
    app = Starlette(
        routes=[
            Route("/api/devices/heartbeat", endpoints.heartbeat, methods=["POST"]),
            Route("/api/health", endpoints.health, methods=["GET"]),
        ],
        exception_handlers={
            HTTPException: _http_error,
            ClientDisconnect: _client_disconnected,
            Exception: _internal_error,
        },
        lifespan=lifespan,
    )
    # No redirects: their address would be the request's Host header, which any client can set.
    app.router.redirect_slashes = False
    return with_release(app, settings.release)


def with_release(app: ASGIApp, release: str) -> ASGIApp:
    """Wrap the application so that every response, also an error, has the header X-App-Version."""
    header = (b"x-app-version", release.encode("latin-1", "replace"))

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_release(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), header]
            await send(message)

        await app(scope, receive, send_with_release)

    return wrapped


def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = getattr(error, "headers", None)
    message = str(getattr(error, "detail", "Server Error"))
    return JSONResponse({"message": message}, status_code=status, headers=headers)


def _client_disconnected(request: Request, error: Exception) -> Response:
    return JSONResponse({"message": "The body ended early."}, status_code=400)


def _internal_error(request: Request, error: Exception) -> Response:
    return JSONResponse({"message": "Server Error"}, status_code=500)
