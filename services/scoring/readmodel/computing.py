"""Computes apart from the loop what would keep other answers waiting.

There is one thread for it. It shares the interpreter with the loop, and each thread more that
computes makes every answer wait longer, without any result coming sooner: with the six threads of
`asyncio.to_thread` on two cores fifty readers waited for seconds (docs/performance.md). What takes
seconds by itself has no place here, since others wait for it.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

_thread = ThreadPoolExecutor(1, "computing")


async def compute_by_size(
    few: bool, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs
) -> R:
    """What the function answers or raises: at once where there is little to compute, else apart.

    Ten milliseconds of the loop cost a crowd less than two threads that take the interpreter from
    each other.
    """
    return function(*args, **kwargs) if few else await compute(function, *args, **kwargs)


async def compute(function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
    """What the function answers or raises; it runs in the context of the caller, one at a time."""
    run = partial(contextvars.copy_context().run, function, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(_thread, run)
