"""The service's entry: `python3 -m cosmic_app.serve`."""

from __future__ import annotations

import os
import sys

from cosmic_app.garbage import loading

with loading():
    import uvicorn

    from cosmic_app.http.app import build_app
    from cosmic_app.log import configure_logging
    from cosmic_app.settings import read_settings

# Longer than any nginx keeps idle connections (60 s by itself), so that none reuses a dead one.
KEEP_ALIVE_SECONDS = 75
SHUTDOWN_SECONDS = 8


def main() -> None:
    """Serve until SIGTERM; then finish what is in flight and write what is queued."""
    settings = read_settings(os.environ)
    configure_logging(settings.log_file, sys.stdout)
    uvicorn.run(
        build_app(settings),
        host="0.0.0.0",  # noqa: S104 - within its container
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
