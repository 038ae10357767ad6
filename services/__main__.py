"""The program `danchu`, also `python -m services`: Ctrl-C while it still loads is no fault."""

import gc
import sys

BROKEN_OFF = 2


def main() -> None:
    """Loads the commands, which takes a second, and runs one.

    What is loaded stays: looking for garbage in it would take as long again, until the command
    runs (`command_runner.loaded`).
    """
    gc.disable()
    try:
        from services.cli import app
    except KeyboardInterrupt:
        sys.exit(BROKEN_OFF)
    app()


if __name__ == "__main__":
    main()
