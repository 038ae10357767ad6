"""The Merkle tree of RFC 6962 section 2.1: roots, inclusion and consistency proofs. Pure.

It only builds. What checks a proof is `year.verify`, which shares no code with this module.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

EMPTY_ROOT = hashlib.sha256(b"").digest()
HASH_BYTES = 32


def leaf_hash(entry: bytes) -> bytes:
    """The hash of an entry of the log."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def first_difference(leaves: Sequence[bytes], signed: bytes) -> int | None:
    """The first place at which leaf hashes are not those signed, one after the other; or None.

    Where one of them goes on after the other, it is the end of the shorter.
    """
    for place, leaf in enumerate(leaves):
        if signed[place * HASH_BYTES : (place + 1) * HASH_BYTES] != leaf:
            return place
    return None if len(signed) == len(leaves) * HASH_BYTES else len(leaves)


class Tree:
    """A tree over the hashes of its leaves, which also answers for each of its prefixes.

    Level k has the hashes of the full subtrees of 2^k leaves, so that a proof needs few hashes.
    """

    def __init__(self, leaves: Iterable[bytes]) -> None:
        level = list(leaves)
        self._levels = [level]
        while len(level) > 1:
            level = [
                node_hash(level[place], level[place + 1]) for place in range(0, len(level) - 1, 2)
            ]
            self._levels.append(level)

    @property
    def leaves(self) -> list[bytes]:
        """The hashes of the leaves, in order."""
        return self._levels[0]

    @property
    def size(self) -> int:
        """The number of leaves."""
        return len(self._levels[0])

    def root(self, size: int | None = None) -> bytes:
        """The root over the first `size` leaves, by default over all."""
        leaves = self._prefix(size)
        return self._subtree(0, leaves) if leaves else EMPTY_ROOT

    def inclusion(self, index: int, size: int | None = None) -> list[bytes]:
        """The audit path of a leaf in the tree of the first `size` leaves (section 2.1.1)."""
        leaves = self._prefix(size)
        if not 0 <= index < leaves:
            raise IndexError(index)
        return self._path(index, 0, leaves)

    def consistency(self, before: int, size: int | None = None) -> list[bytes]:
        """The proof that the first `before` leaves are a prefix (section 2.1.2).

        Empty from the empty tree, which RFC 6962 does not define, and for the same size.
        """
        leaves = self._prefix(size)
        if not 0 <= before <= leaves:
            raise IndexError(before)
        return self._subproof(before, 0, leaves, True) if 0 < before < leaves else []

    def _prefix(self, size: int | None) -> int:
        if size is None:
            return self.size
        if not 0 <= size <= self.size:
            raise IndexError(size)
        return size

    def _subtree(self, first: int, end: int) -> bytes:
        """The root over the leaves from `first` up to `end`; `first` is aligned to the split."""
        number = end - first
        if number & (number - 1) == 0:
            height = number.bit_length() - 1
            return self._levels[height][first >> height]
        middle = first + _split(number)
        return node_hash(self._subtree(first, middle), self._subtree(middle, end))

    def _path(self, index: int, first: int, end: int) -> list[bytes]:
        if end - first == 1:
            return []
        middle = first + _split(end - first)
        if index < middle:
            return [*self._path(index, first, middle), self._subtree(middle, end)]
        return [*self._path(index, middle, end), self._subtree(first, middle)]

    def _subproof(self, before: int, first: int, end: int, whole: bool) -> list[bytes]:
        """SUBPROOF of RFC 6962; `before` is absolute, `whole` says that its tree is known."""
        if before == end:
            return [] if whole else [self._subtree(first, end)]
        middle = first + _split(end - first)
        if before <= middle:
            return [*self._subproof(before, first, middle, whole), self._subtree(middle, end)]
        return [*self._subproof(before, middle, end, False), self._subtree(first, middle)]


def _split(number: int) -> int:
    """The largest power of two smaller than a number of leaves greater than one."""
    return 1 << (number - 1).bit_length() - 1
