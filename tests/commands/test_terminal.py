"""What commands print arrives whole."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import struct
import subprocess
import sys
import termios

PIPE_BYTES = 65_536
SCRIPT = f"""
from services.commands.terminal import show_json
show_json(["{"x" * 1000}"] * 500)
"""


def held(handle: int) -> int:
    """How many bytes wait in a pipe."""
    (waiting,) = struct.unpack("i", fcntl.ioctl(handle, termios.FIONREAD, b"\0" * 4))
    return int(waiting)


def test_a_long_output_survives_a_pause_without_a_buffer() -> None:
    """The writer is stopped and continued within its write to a full pipe; nothing is lost."""
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as writer:  # fmt: skip
        assert writer.stdout is not None
        while held(writer.stdout.fileno()) < PIPE_BYTES:
            assert writer.poll() is None
        writer.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, writer.pid, os.WSTOPPED)
        writer.send_signal(signal.SIGCONT)
        shown = json.loads(writer.stdout.read())
    assert shown == ["x" * 1000] * 500 and writer.returncode == 0
