"""What was computed last, by its key: a few results that are worth their memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Recent(dict[K, V]):
    """Results by key; where more than `most` are kept, the one that was kept longest ago goes.

    Of those that are `idle`, which cost little to have again, one goes before all others.
    """

    def __init__(self, most: int, idle: Callable[[V], bool] = lambda value: False) -> None:
        super().__init__()
        self.most, self.idle = most, idle

    def keep(self, key: K, value: V) -> V:
        """Keeps a result, also one that was used again, as the latest; answers it."""
        self.pop(key, None)
        self[key] = value
        while len(self) > self.most:
            idle = (each for each, of in self.items() if each != key and self.idle(of))
            del self[next(idle, next(iter(self)))]
        return value
