"""Children are kept alive with growing pauses, and end the stack when they say that they cannot."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from services.commands import supervisor as supervising
from services.commands.supervisor import Child, ChildRefused, Supervisor

pytestmark = pytest.mark.anyio
PAUSES = (0.0, 0.01, 0.02)


async def ready() -> bool:
    """A child that is ready at once."""
    return True


def command(code: str) -> list[str]:
    """A Python program."""
    return [sys.executable, "-S", "-c", code]


def child(folder: Path, code: str, name: str = "child") -> Child:
    """A Python program as a child."""
    return Child(name, command(code), folder / f"{name}.log", ready)


async def test_a_child_that_dies_again_and_again_is_started_after_growing_pauses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each end is said with its exit code and the pause; the last pause is kept."""
    monkeypatch.setattr(supervising, "PAUSE_SECONDS", PAUSES)
    lines: asyncio.Queue[str] = asyncio.Queue()
    supervisor = Supervisor(lines.put_nowait)
    await supervisor.start(child(tmp_path, "raise SystemExit(3)"))
    heard = [await lines.get() for _ in range(4)]
    await supervisor.stop()
    assert [line.rpartition(" / ")[2] for line in heard] == [
        f"child ended (exit code 3); it starts again in {pause} s"
        for pause in ("0.01", "0.02", "0.02", "0.02")
    ]
    assert heard[0].startswith("child đã kết thúc (mã thoát 3); khởi động lại sau 0.01 giây")


async def test_a_child_that_is_killed_is_said_with_its_signal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """kill -9 is said, and another process stands in its place."""
    monkeypatch.setattr(supervising, "PAUSE_SECONDS", PAUSES)
    lines: asyncio.Queue[str] = asyncio.Queue()
    supervisor = Supervisor(lines.put_nowait)
    await supervisor.start(child(tmp_path, "import time; time.sleep(600)"))
    first = supervisor._running["child"]
    os.kill(first.pid, signal.SIGKILL)
    assert (await lines.get()).endswith("child ended (signal 9); it starts again in 0.01 s")
    async with asyncio.timeout(20):
        while supervisor._running["child"] is first:
            await asyncio.sleep(0.01)
    await supervisor.stop()


REFUSES = "import sys; print('The disk is full.', file=sys.stderr); sys.exit(2)"
TELLS = "import os; os.write(int(os.environ['SUPERVISOR_READY_FD']), b'1')"


async def test_a_child_that_cannot_run_ends_the_stack_with_its_sentence(tmp_path: Path) -> None:
    """Exit code 2 before it was ready is not tried again."""
    supervisor = Supervisor(lambda line: None)
    with pytest.raises(ChildRefused, match=r"child cannot start: The disk is full\."):
        await supervisor.start(Child("child", command(REFUSES), tmp_path / "child.log", None))
    await supervisor.stop()


async def test_a_child_that_was_ready_is_started_again_whatever_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2 of one that has run comes from outside: it is said with its reason, and passes;
    another child is not disturbed, and the stack goes on.
    """
    monkeypatch.setattr(supervising, "PAUSE_SECONDS", PAUSES)
    heard: asyncio.Queue[str] = asyncio.Queue()
    supervisor = Supervisor(heard.put_nowait)
    await supervisor.start(child(tmp_path, "import time; time.sleep(600)", "steady"))
    await supervisor.start(Child("child", command(f"{TELLS}; {REFUSES}"), tmp_path / "c.log", None))
    for _ in range(3):
        line = await heard.get()
        assert line.rpartition(" / ")[2].startswith("child ended (exit code 2: The disk is full.)")
    assert supervisor._running["steady"].returncode is None
    await supervisor.stop()


async def test_a_child_that_does_not_tell_that_it_is_ready_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that tells is ready at once, through the process that ties it to its parent."""
    monkeypatch.setattr(supervising, "READY_SECONDS", 20)
    supervisor, log_of_child = Supervisor(lambda line: None), tmp_path / "told.log"
    code = (
        "import time\nfrom services.commands.supervisor_pipe import SupervisorPipe\n"
        "with SupervisorPipe.of_environment() as pipe:\n pipe.report_ready()\n time.sleep(600)"
    )
    here = [sys.executable, "-c", code]
    await supervisor.start(Child("told", here, log_of_child, None, {"PYTHONPATH": str(Path.cwd())}))
    monkeypatch.setattr(supervising, "READY_SECONDS", 0.2)
    with pytest.raises(ChildRefused, match=r"not ready after 0\.2 seconds"):
        await supervisor.start(
            Child("silent", command("import time; time.sleep(600)"), tmp_path / "s.log", None)
        )
    await supervisor.stop()


async def test_a_child_that_is_frozen_is_killed_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stopped process does not hear SIGTERM: after its time it is ended all the same."""
    monkeypatch.setattr(supervising, "STOP_SECONDS", 0.2)
    log = tmp_path / "deaf.log"
    code = "import signal, time; signal.signal(15, lambda *_: None); print('up', flush=True)"

    async def listen() -> bool:
        return "up" in log.read_text()

    supervisor = Supervisor(lambda line: None)
    await supervisor.start(Child("deaf", command(f"{code}; time.sleep(600)"), log, listen))
    process = supervisor._running["deaf"]
    os.kill(process.pid, signal.SIGSTOP)
    await supervisor.stop()
    assert process.returncode == -signal.SIGKILL


async def test_a_child_that_is_never_ready_is_said_with_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wait is bounded, and the sentence names the log."""
    monkeypatch.setattr(supervising, "READY_SECONDS", 0.2)

    async def never() -> bool:
        return False

    log = tmp_path / "slow.log"
    supervisor, sleeps = Supervisor(lambda line: None), command("import time; time.sleep(600)")
    with pytest.raises(ChildRefused, match=r"not ready after 0.2 seconds; see .*slow\.log"):
        await supervisor.start(Child("slow", sleeps, log, never))
    await supervisor.stop()


BEATS = (
    "import os, time\n"
    "file = int(os.environ['SUPERVISOR_READY_FD'])\n"
    "os.write(file, b'1')\n"
    "while True:\n os.write(file, b'.')\n time.sleep(0.05)"
)


async def test_a_child_that_hangs_is_killed_and_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is stopped sends no more heartbeats; one that beats is left alone meanwhile."""
    monkeypatch.setattr(supervising, "PAUSE_SECONDS", PAUSES)
    monkeypatch.setattr(supervising, "LOOK_SECONDS", 0.1)
    lines: asyncio.Queue[str] = asyncio.Queue()
    supervisor = Supervisor(lines.put_nowait, hang_seconds=1)
    for name in ("steady", "frozen"):
        log = tmp_path / f"{name}.log"
        await supervisor.start(Child(name, command(BEATS), log, None, beats=True))
    steady, frozen = supervisor._running["steady"], supervisor._running["frozen"]
    os.kill(frozen.pid, signal.SIGSTOP)
    heard = [(await lines.get()).rpartition(" / ")[2] for _ in range(2)]
    assert heard == [
        "frozen hangs: no sign of life for 1 second; it is killed",
        "frozen ended (signal 9); it starts again in 0.01 s",
    ]
    async with asyncio.timeout(20):
        while supervisor._running["frozen"] is frozen:
            await asyncio.sleep(0.01)
    assert supervisor._running["steady"] is steady and steady.returncode is None
    await supervisor.stop()


async def test_a_server_that_does_not_answer_hangs_and_a_slow_start_is_no_hang(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A child without heartbeats is asked; until its first answer it has the time of a start."""
    monkeypatch.setattr(supervising, "PAUSE_SECONDS", PAUSES)
    monkeypatch.setattr(supervising, "LOOK_SECONDS", 0.01)
    answers = iter([False] * 50 + [True] + [False] * 50)
    lines: asyncio.Queue[str] = asyncio.Queue()

    async def alive() -> bool:
        return next(answers, True)

    supervisor, sleeps = Supervisor(lines.put_nowait, 0.1), command("import time; time.sleep(600)")
    server = Child("server", sleeps, tmp_path / "s.log", ready, alive=alive)
    code = await supervisor._end_of(server, await supervisor._spawn(server), first_sign=60)
    silence = (await lines.get()).rpartition(" / ")[2]
    assert silence == "server hangs: no sign of life for 0.1 seconds; it is killed"
    assert code == -signal.SIGKILL and len(list(answers)) < 50
    await supervisor.stop()
