"""The program `danchu`, also `python -m services`: Ctrl-C while it still loads is no fault."""

import sys

BROKEN_OFF = 2


def main() -> None:
    """Loads the commands, which takes a second or two, and runs one."""
    try:
        from services.cli import app
    except KeyboardInterrupt:
        sys.exit(BROKEN_OFF)
    app()


if __name__ == "__main__":
    main()
