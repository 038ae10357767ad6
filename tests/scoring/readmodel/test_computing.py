"""What is computed apart from the loop: one at a time, in the context of the caller."""

from __future__ import annotations

import asyncio
import contextvars
import threading

import pytest

from services.scoring.readmodel.computing import compute, compute_by_size

pytestmark = pytest.mark.anyio
VOICE: contextvars.ContextVar[str] = contextvars.ContextVar("voice", default="")


async def test_it_answers_and_raises_from_a_thread_of_its_own() -> None:
    """With positional and named arguments."""
    assert await compute(divmod, 7, 2) == (3, 1)
    assert await compute(int, "ff", base=16) == 255
    with pytest.raises(ZeroDivisionError):
        await compute(divmod, 1, 0)
    assert await compute(threading.get_ident) != threading.get_ident()


async def test_it_runs_in_the_context_of_the_caller() -> None:
    """So that sentences have the language of the request, and spans their parent."""
    VOICE.set("vi")
    assert await compute(VOICE.get) == "vi"


async def test_never_two_at_once_and_the_loop_goes_on() -> None:
    """The second begins when the first has ended; the loop serves others meanwhile."""
    entered, leave, running = threading.Event(), threading.Event(), list[str]()

    def first() -> None:
        entered.set()
        leave.wait(20)
        running.append("first")

    both = asyncio.gather(compute(first), compute(running.append, "second"))
    while not entered.is_set():
        await asyncio.sleep(0)
    assert running == []
    leave.set()
    await both
    assert running == ["first", "second"]


async def test_what_is_little_is_computed_at_once() -> None:
    """Where a thread would cost more than it saves; what is much goes apart."""
    here = threading.get_ident()
    assert await compute_by_size(True, threading.get_ident) == here
    assert await compute_by_size(False, threading.get_ident) != here
    assert await compute_by_size(True, int, "ff", base=16) == 255
