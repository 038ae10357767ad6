"""Several steps of which none stops the others."""

from __future__ import annotations

from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

from services.chassis.errors import DanchuError, DatabaseAway

T = TypeVar("T")


async def each_or_fault(steps: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """The results of all steps, one after the other; the first fault is raised after the last.

    Without the database none can go on: DatabaseAway is raised at once.
    """
    results, faults = list[T](), list[DanchuError]()
    ahead = list(steps)
    try:
        while ahead:
            try:
                results.append(await ahead.pop(0))
            except DatabaseAway:
                raise
            except DanchuError as fault:
                faults.append(fault)
    finally:
        for step in ahead:
            step.close()
    if faults:
        raise faults[0]
    return results
