"""The Merkle tree of RFC 6962 section 2.1, level by level: the second program of the root.

It shares no code with `services.scoring.year.merkle`. A leaf is SHA-256(0x00 || entry), a node
SHA-256(0x01 || left || right). Pairing each level from the left, and carrying a last node without
a partner up unchanged, gives the tree that the RFC splits at the largest power of two.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256

EMPTY = sha256().digest()
"""The root over no entry."""


def leaf(line: bytes) -> bytes:
    """The hash of an entry, without its line feed."""
    return sha256(b"\0" + line).digest()


def root_of(lines: Iterable[bytes]) -> bytes:
    """The root over entries, each without its line feed."""
    return root_of_leaves([leaf(line) for line in lines])


def root_of_leaves(leaves: Sequence[bytes]) -> bytes:
    """The root over the hashes of entries."""
    level = list(leaves)
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        last = level[-1:] if len(level) % 2 else []
        level = [_node(left, right) for left, right in pairs] + last
    return level[0] if level else EMPTY


def proves_inclusion(
    leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Whether the proof leads from the entry at the index to the root over `size` entries.

    At each level the node has a partner on its left if its index is odd, on its right if another
    node follows, and else none, so that it is carried up.
    """
    if not 0 <= index < size:
        return False
    node, last, rest = leaf_hash, size - 1, iter(proof)
    while last:
        if index % 2 or index < last:
            partner = next(rest, None)
            if partner is None:
                return False
            node = _node(partner, node) if index % 2 else _node(node, partner)
        index, last = index // 2, last // 2
    return node == root and next(rest, None) is None


def proves_consistency(
    size: int, root: bytes, later_size: int, later_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether the tree of `size` entries is the beginning of the later one (RFC 6962 2.1.2).

    The proof is empty for the empty tree and for equal sizes.
    """
    if size == 0:
        return root == EMPTY and not proof
    if size == later_size:
        return root == later_root and not proof
    if not size < later_size:
        return False
    return _proves_growth(size, root, later_size, later_root, list(proof))


def _proves_growth(
    size: int, root: bytes, later_size: int, later_root: bytes, proof: list[bytes]
) -> bool:
    """The proof begins at the highest full subtree that ends where the earlier tree ends."""
    index, last = size - 1, later_size - 1
    while index % 2:
        index, last = index // 2, last // 2
    if index == 0:
        proof = [root, *proof]  # the earlier tree is full: its root is that subtree
    if not proof:
        return False
    earlier = later = proof[0]
    for partner in proof[1:]:
        if last == 0:
            return False
        while not index % 2 and index == last:
            index, last = index // 2, last // 2
        if index % 2:
            earlier, later = _node(partner, earlier), _node(partner, later)
        else:
            later = _node(later, partner)
        index, last = index // 2, last // 2
    return last == 0 and (earlier, later) == (root, later_root)


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1" + left + right).digest()
