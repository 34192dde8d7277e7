"""`python -m cosmicdeploy.engine`: print which engine answers; exit with code 1 if none does."""

from __future__ import annotations

import sys

from cosmicdeploy.engine import connect
from cosmicdeploy.errors import EngineError


def main() -> int:
    """Print one line about the engine, or the error; return the exit code."""
    try:
        print(connect().describe())
    except EngineError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
