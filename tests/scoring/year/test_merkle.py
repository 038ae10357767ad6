"""The Merkle tree of RFC 6962, against its published vectors and against its definition."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.scoring.year.merkle import EMPTY_ROOT, Tree, leaf_hash, node_hash
from tests.scoring.year.vectors import CONSISTENCY, INCLUSION, LEAVES, ROOTS


def tree_of(entries: list[bytes]) -> Tree:
    """The tree over these entries."""
    return Tree(leaf_hash(entry) for entry in entries)


def root_by_definition(entries: list[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1, word by word."""
    if len(entries) < 2:
        return hashlib.sha256(*[b"\x00" + entry for entry in entries]).digest()
    split = 1
    while split * 2 < len(entries):
        split *= 2
    left, right = root_by_definition(entries[:split]), root_by_definition(entries[split:])
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_by_path(entry: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """The root that an audit path leads to (RFC 9162 section 2.1.3.2)."""
    node, last, root = index, size - 1, leaf_hash(entry)
    for sibling in path:
        assert last > 0
        if node % 2 or node == last:
            root = node_hash(sibling, root)
            while node % 2 == 0 and node:
                node, last = node // 2, last // 2
        else:
            root = node_hash(root, sibling)
        node, last = node // 2, last // 2
    assert last == 0
    return root


def roots_by_proof(before: int, size: int, root: bytes, proof: list[bytes]) -> tuple[bytes, bytes]:
    """The two roots that a consistency proof leads to (RFC 9162 section 2.1.4.2)."""
    hashes = [root, *proof] if before & (before - 1) == 0 else proof
    node, last = before - 1, size - 1
    while node % 2:
        node, last = node // 2, last // 2
    old = new = hashes[0]
    for sibling in hashes[1:]:
        assert last > 0
        if node % 2 or node == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while node % 2 == 0 and node:
                node, last = node // 2, last // 2
        else:
            new = node_hash(new, sibling)
        node, last = node // 2, last // 2
    assert last == 0
    return old, new


def test_the_roots_are_the_published_ones() -> None:
    """Of the first 0 to 8 leaves of certificate-transparency, also as prefixes of one tree."""
    whole = tree_of(LEAVES)
    for size, root in enumerate(ROOTS):
        assert tree_of(LEAVES[:size]).root().hex() == root
        assert whole.root(size).hex() == root
    assert ROOTS[0] == EMPTY_ROOT.hex()


def test_the_inclusion_proofs_are_the_published_ones() -> None:
    """Hash by hash, in the order of RFC 6962."""
    for (index, size), path in INCLUSION.items():
        assert [each.hex() for each in tree_of(LEAVES).inclusion(index, size)] == path


def test_the_consistency_proofs_are_the_published_ones() -> None:
    """Hash by hash, in the order of RFC 6962."""
    for (before, size), proof in CONSISTENCY.items():
        assert [each.hex() for each in tree_of(LEAVES).consistency(before, size)] == proof


def test_a_checkpoint_of_nothing_needs_no_proof_and_one_beyond_the_log_has_none() -> None:
    """RFC 6962 does not define a proof from the empty tree."""
    tree = tree_of(LEAVES)
    assert tree.consistency(0) == [] == tree.consistency(8)
    for wrong in (lambda: tree.inclusion(8), lambda: tree.consistency(9), lambda: tree.root(9)):
        with pytest.raises(IndexError):
            wrong()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.binary(max_size=3), min_size=1, max_size=40), st.data())
def test_every_tree_follows_the_definition(entries: list[bytes], data: st.DataObject) -> None:
    """Root, paths and proofs for any size, with an independent check of each."""
    tree = tree_of(entries)
    size = data.draw(st.integers(1, len(entries)))
    index = data.draw(st.integers(0, size - 1))
    assert tree.root(size) == root_by_definition(entries[:size])
    path = tree.inclusion(index, size)
    assert root_by_path(entries[index], index, size, path) == tree.root(size)
    proof = tree.consistency(index, size)
    if index:
        before, after = roots_by_proof(index, size, tree.root(index), proof)
        assert (before, after) == (tree.root(index), tree.root(size))
