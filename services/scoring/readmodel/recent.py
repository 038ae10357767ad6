"""What was computed last, by its key: a few results that are worth their memory."""

from __future__ import annotations

from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Recent(dict[K, V]):
    """Results by key; where more than `most` are kept, the one that was kept longest ago goes."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def keep(self, key: K, value: V) -> V:
        """Keeps a result, also one that was used again, as the latest; answers it."""
        self.pop(key, None)
        self[key] = value
        while len(self) > self.most:
            del self[next(iter(self))]
        return value
