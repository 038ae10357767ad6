"""Runs a command that dies with its parent.

`python -m services.chassis.parent_death PARENT COMMAND…`

The kernel sends the signal, so it works when the parent is killed with -9 too (Linux: prctl(2),
PR_SET_PDEATHSIG, which stays over execve(2)). Where there is no prctl the command runs untied.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def tie(parent: int) -> None:
    """Ties this process to its parent; ends it where the parent is gone already."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(f"the parent {parent} is gone")


if __name__ == "__main__":
    tie(int(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])
