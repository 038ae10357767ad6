"""What the process takes of the machine, by the semantic conventions for processes and disks."""

import os
import resource
import shutil
import threading
import time
from collections.abc import Iterable
from pathlib import Path

from opentelemetry.metrics import CallbackOptions, Meter, Observation

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
SELF = Path("/proc/self")
STARTED = time.monotonic()


def cpu_time(_: CallbackOptions) -> Iterable[Observation]:
    """The processor time of the process and of the children that ended, in seconds."""
    times = os.times()
    yield Observation(times.user + times.children_user, {"cpu.mode": "user"})
    yield Observation(times.system + times.children_system, {"cpu.mode": "system"})


def memory_usage(_: CallbackOptions) -> Iterable[Observation]:
    """The physical memory, in bytes; nothing where the system has no /proc."""
    statm = SELF / "statm"
    if statm.exists():
        yield Observation(int(statm.read_text().split()[1]) * PAGE_BYTES)


def file_descriptors(_: CallbackOptions) -> Iterable[Observation]:
    """The open files and connections; nothing where the system has no /proc."""
    folder = SELF / "fd"
    if folder.exists():
        yield Observation(sum(1 for _ in folder.iterdir()))


def file_descriptor_limit(_: CallbackOptions) -> Iterable[Observation]:
    """How many files and connections may be open."""
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY:
        yield Observation(soft)


def threads(_: CallbackOptions) -> Iterable[Observation]:
    """The threads of the interpreter."""
    yield Observation(threading.active_count())


def uptime(_: CallbackOptions) -> Iterable[Observation]:
    """The seconds since the start."""
    yield Observation(time.monotonic() - STARTED)


def observe_process(by: Meter, home: Path) -> None:
    """Creates the instruments; `home` is the folder whose disk is observed."""

    def filesystem(_: CallbackOptions) -> Iterable[Observation]:
        if home.exists():
            usage = shutil.disk_usage(home)
            yield Observation(usage.used, {"system.filesystem.state": "used"})
            yield Observation(usage.free, {"system.filesystem.state": "free"})

    by.create_observable_counter("process.cpu.time", [cpu_time], "s")
    by.create_observable_up_down_counter("process.memory.usage", [memory_usage], "By")
    by.create_observable_up_down_counter("process.thread.count", [threads], "{thread}")
    by.create_observable_gauge("process.uptime", [uptime], "s")
    by.create_observable_up_down_counter(
        "process.unix.file_descriptor.count", [file_descriptors], "{file_descriptor}"
    )
    by.create_observable_gauge(
        "danchu.process.file_descriptor.limit", [file_descriptor_limit], "{file_descriptor}"
    )
    by.create_observable_up_down_counter("system.filesystem.usage", [filesystem], "By")
