"""Runs a command that dies with its parent.

`python -m services.chassis.parent_death PARENT COMMAND…`

The kernel sends the signal, so this works when the parent is killed with SIGKILL too (Linux:
prctl(2), PR_SET_PDEATHSIG, which survives execve(2)). Without prctl the command runs unprotected.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with(parent: int) -> None:
    """Has the kernel kill this process when its parent dies; exits if that has happened."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:  # it died before prctl was called
        sys.exit(f"the parent {parent} is gone")


if __name__ == "__main__":
    die_with(int(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])
