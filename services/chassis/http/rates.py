"""How often something may happen, by key: token buckets, of which each is one number.

A bucket is stored as the instant at which it is full again (GCRA). Bookkeeping only, no clock.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field

KEYS_MAX = 10_000
"""Of more keys the one that was quiet for longest is forgotten, and begins anew."""


@dataclass
class Rates:
    """`a_second` of each key in the long run, and at most `burst` at once."""

    a_second: float
    burst: float
    _full_at: OrderedDict[Hashable, float] = field(default_factory=OrderedDict)

    @classmethod
    def share(cls, a_second: float, burst: float, replicas: int) -> Rates:
        """The part of one of so many processes that share the callers (decision 0047)."""
        return cls(a_second / replicas, burst / replicas)

    @property
    def in_words(self) -> int:
        """The rate as a sentence names it: whole, and at least 1."""
        return max(1, int(self.a_second))

    def take(self, key: Hashable, now: float, number: int = 1) -> int:
        """Takes so many; 0, or the whole seconds to wait until they can be taken.

        More than a burst are taken from a full bucket, and wait for it otherwise.
        """
        full_at = max(self._full_at.get(key, now), now)
        after = full_at + number / self.a_second
        room = now + self.burst / self.a_second
        if full_at > now and after > room:
            return max(1, math.ceil(min(after - room, full_at - now)))
        self._full_at[key] = after
        self._full_at.move_to_end(key)
        if len(self._full_at) > KEYS_MAX:
            self._full_at.popitem(last=False)
        return 0
