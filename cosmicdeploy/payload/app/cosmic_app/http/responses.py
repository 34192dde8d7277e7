"""The JSON responses of the service."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

from cosmic_app.heartbeat.body import BadBody
from cosmic_app.heartbeat.model import (
    Accepted,
    Allowance,
    Invalid,
    Limited,
    Outcome,
    Unauthorized,
    Unavailable,
)
from cosmic_app.http.health import Health

RETRY_SECONDS = 1


def beat_response(outcome: Outcome, now: float) -> Response:
    """Return the response to a beat; `now` is in seconds since the epoch."""
    match outcome:
        case Accepted():
            return JSONResponse(
                {"status": "ok", "should_reconnect": outcome.should_reconnect},
                headers=_limit_headers(outcome.allowance),
            )
        case Limited():
            return _limited(outcome.allowance, now)
        case Unauthorized():
            return unauthorized()
        case Invalid():
            return bad_body(outcome.error)
        case Unavailable():
            return unavailable(outcome.reason)


def unauthorized() -> Response:
    """Return the response to a missing, unknown or revoked token."""
    headers = {"WWW-Authenticate": "Bearer"}
    return JSONResponse({"message": "Unauthenticated."}, status_code=401, headers=headers)


def unavailable(reason: str) -> Response:
    """Return the response that asks the device to retry soon."""
    headers = {"Retry-After": str(RETRY_SECONDS)}
    return JSONResponse({"message": reason}, status_code=503, headers=headers)


def bad_body(error: BadBody) -> Response:
    """Return the response to an invalid body; it names the invalid field if there is one."""
    content: dict[str, object] = {"message": error.reason}
    if error.field:
        content["errors"] = {error.field: [error.reason]}
    return JSONResponse(content, status_code=error.status)


def health_response(health: Health, release: str) -> Response:
    """Return the response with this replica's health; its status is 503 without a database."""
    content = {
        "status": health.status,
        "release": release,
        "database": "unreachable" if health.database else "ok",
        "redis": "unreachable" if health.redis else "ok",
    }
    reasons = {"database": health.database, "redis": health.redis}
    reason = "; ".join(f"{name}: {text}" for name, text in reasons.items() if text)
    if reason:
        content["reason"] = reason
    return JSONResponse(content, status_code=503 if health.database else 200)


def _limited(allowance: Allowance, now: float) -> Response:
    headers = _limit_headers(allowance) | {
        "Retry-After": str(allowance.reset),
        "X-RateLimit-Reset": str(int(now) + allowance.reset),
    }
    return JSONResponse({"message": "Too Many Attempts."}, status_code=429, headers=headers)


def _limit_headers(allowance: Allowance) -> dict[str, str]:
    return {
        "X-RateLimit-Limit": str(allowance.limit),
        "X-RateLimit-Remaining": str(allowance.remaining),
    }
