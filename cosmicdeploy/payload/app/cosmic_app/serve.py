"""Entry point of the web service: `python3 -m cosmic_app.serve`."""

from __future__ import annotations

import os
import sys

from cosmic_app.gc_exclusion import excluded_from_gc

with excluded_from_gc():
    import uvicorn

    from cosmic_app.http.app import build_app
    from cosmic_app.log import configure_logging
    from cosmic_app.settings import read_settings

# In seconds. Longer than nginx keeps idle connections (2 s as shipped, 60 s by default), so that
# nginx never reuses a connection that the service has closed.
KEEP_ALIVE_SECONDS = 75
# In seconds. Shorter than the container's `stop_grace_period` of 10 s, after which the engine kills
# the container.
SHUTDOWN_SECONDS = 8


def main() -> None:
    """Serve until SIGTERM, then finish the requests in flight and write the queued heartbeats."""
    settings = read_settings(os.environ)
    configure_logging(settings.log_file, sys.stdout)
    uvicorn.run(
        build_app(settings),
        host="0.0.0.0",  # noqa: S104 - inside its container
        port=settings.http_port,
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )


if __name__ == "__main__":
    main()
