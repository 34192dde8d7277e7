"""`cosmicdeploy` and `python -m cosmicdeploy`."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    from cosmicdeploy.cli.app import app

    app()


if __name__ == "__main__":
    main()
