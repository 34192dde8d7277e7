"""What the service answers, as JSON."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

from cosmic_app.heartbeat.body import BadBody
from cosmic_app.heartbeat.model import (
    Accepted,
    Allowance,
    Limited,
    Outcome,
    Unauthorized,
    Unavailable,
)
from cosmic_app.http.health import Health

RETRY_SECONDS = 1


def answer(outcome: Outcome, now: float) -> Response:
    """The answer to a beat; `now` is the time in seconds since the epoch."""
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
        case Unavailable():
            return unavailable(outcome.reason)


def unauthorized() -> Response:
    """No token, or none that is good for anything."""
    headers = {"WWW-Authenticate": "Bearer"}
    return JSONResponse({"message": "Unauthenticated."}, status_code=401, headers=headers)


def unavailable(reason: str) -> Response:
    """Not now; soon again."""
    headers = {"Retry-After": str(RETRY_SECONDS)}
    return JSONResponse({"message": reason}, status_code=503, headers=headers)


def bad_body(error: BadBody) -> Response:
    """What is wrong with the body, field by field where that can be said."""
    content: dict[str, object] = {"message": error.reason}
    if error.field:
        content["errors"] = {error.field: [error.reason]}
    return JSONResponse(content, status_code=error.status)


def health(found: Health, release: str) -> Response:
    """The state of this replica; 503 where it cannot do its work."""
    content = {
        "status": found.status,
        "release": release,
        "database": "unreachable" if found.database else "ok",
        "redis": "unreachable" if found.redis else "ok",
    }
    reasons = {"database": found.database, "redis": found.redis}
    said = "; ".join(f"{name}: {text}" for name, text in reasons.items() if text)
    if said:
        content["reason"] = said
    return JSONResponse(content, status_code=503 if found.database else 200)


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
