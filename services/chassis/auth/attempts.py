"""Wrong passwords: after some of them a name, or an address, waits, each time for longer.

A name counts whether there is such an account or not, so that waiting tells nothing. Bookkeeping of
one process, bounded, no clock: whoever was quiet for longest is forgotten first.
"""

from __future__ import annotations

import hashlib
import math
from collections import OrderedDict
from dataclasses import dataclass, field

NAME_TRIES, ADDRESS_TRIES = 5, 20
"""An office may have one address for many persons."""
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 300.0
FORGOTTEN_AFTER = 3600.0
KEYS_MAX = 10_000


@dataclass
class Tries:
    """The wrong tries of each key: how many, and when the last one was."""

    free: int
    _of: OrderedDict[str, tuple[int, float]] = field(default_factory=OrderedDict)

    def wait(self, key: str, now: float) -> int:
        """The whole seconds until the next try; 0 where it may come now."""
        number, last = self._of.get(key, (0, now))
        if number < self.free or now - last >= FORGOTTEN_AFTER:
            return 0
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(number - self.free, 20))
        return max(0, math.ceil(last + pause - now))

    def count(self, key: str, now: float) -> None:
        """Counts a try, before its password is verified: many at once are many tries."""
        number, last = self._of.get(key, (0, now))
        self._of[key] = (number + 1 if now - last < FORGOTTEN_AFTER else 1, now)
        self._of.move_to_end(key)
        if len(self._of) > KEYS_MAX:
            self._of.popitem(last=False)

    def take_back(self, key: str) -> None:
        """Takes back a try whose password was right."""
        number, last = self._of.get(key, (1, 0.0))
        self._of[key] = (number - 1, last)

    def forget(self, key: str) -> None:
        """Forgets a key."""
        self._of.pop(key, None)


@dataclass
class Attempts:
    """The tries to sign in, by name and by address."""

    names: Tries = field(default_factory=lambda: Tries(NAME_TRIES))
    addresses: Tries = field(default_factory=lambda: Tries(ADDRESS_TRIES))

    def begin(self, name: str, address: str, now: float) -> int:
        """Counts a try, or says how many whole seconds it must wait; nothing counts then."""
        key = _key(name)
        wait = max(self.names.wait(key, now), self.addresses.wait(address, now))
        if not wait:
            self.names.count(key, now)
            self.addresses.count(address, now)
        return wait

    def succeed(self, name: str, address: str) -> None:
        """The password was right: the name begins anew, the address has one wrong try less."""
        self.names.forget(_key(name))
        self.addresses.take_back(address)


def _key(name: str) -> str:
    """What a name is counted by: of bounded length, and no text that a person typed."""
    return hashlib.sha256(name.strip().casefold().encode("utf-8", "replace")).hexdigest()
