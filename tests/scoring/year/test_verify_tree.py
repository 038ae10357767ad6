"""The tree of the verifier, against the published vectors of Certificate Transparency.

The roots of long trees: compact/range_test.go of transparency-dev/merkle (Apache-2.0).
"""

from __future__ import annotations

import base64

import pytest

from services.scoring.year.verify.tree import (
    EMPTY,
    leaf,
    proves_consistency,
    proves_inclusion,
    root_of,
)
from tests.scoring.year.vectors import CONSISTENCY, INCLUSION, LEAVES, ROOTS

LONG_TREES = {
    10: "VjWMPSYNtCuCNlF/RLnQy6HcwSk6CIipfxm+hettA+4=",
    15: "j4SulYmocFuxdeyp12xXCIgK6PekBcxzAIj4zbQzNEI=",
    16: "c+4Uc6BCMOZf/v3NZK1kqTUJe+bBoFtOhP+P3SayKRE=",
    100: "dUh9hYH88p0CMoHkdr1wC2szbhcLAXOejWpINIooKUY=",
}


def root_at(size: int) -> bytes:
    """The published root over the first entries."""
    return bytes.fromhex(ROOTS[size])


def hashes(texts: list[str]) -> list[bytes]:
    """A published proof as bytes."""
    return [bytes.fromhex(text) for text in texts]


def broken(proof: list[bytes]) -> list[list[bytes]]:
    """Proofs that are nearly this: a bit flipped, a part lost, put twice, or exchanged."""
    flipped = [
        [*proof[:i], bytes([h[0] ^ 8, *h[1:]]), *proof[i + 1 :]] for i, h in enumerate(proof)
    ]
    lost = [[*proof[:i], *proof[i + 1 :]] for i in range(len(proof))]
    longer = [[*proof, EMPTY], [EMPTY, *proof], [*proof, b""]]
    return [*flipped, *lost, *longer, *([proof[::-1]] if len(proof) > 1 else [])]


@pytest.mark.parametrize("size", range(9))
def test_the_root_is_the_published_root(size: int) -> None:
    """Over none to eight entries of Certificate Transparency."""
    assert root_of(LEAVES[:size]) == root_at(size)


@pytest.mark.parametrize("size", LONG_TREES)
def test_the_root_of_a_longer_tree_is_the_published_root(size: int) -> None:
    """Of entries that are their own number in two bytes, the smaller first."""
    lines = [number.to_bytes(2, "little") for number in range(size)]
    assert base64.b64encode(root_of(lines)).decode() == LONG_TREES[size]


@pytest.mark.parametrize(("index", "size"), INCLUSION)
def test_a_published_inclusion_proof_is_accepted_and_no_other(index: int, size: int) -> None:
    """Of this entry, index and size alone."""
    proof, root = hashes(INCLUSION[index, size]), root_at(size)
    hash_ = leaf(LEAVES[index])
    assert proves_inclusion(hash_, index, size, proof, root)
    for other in (index - 1, index + 1, index ^ 2):
        assert not proves_inclusion(hash_, other, size, proof, root)
    for other in (0, size * 2, size // 2):
        assert not proves_inclusion(hash_, index, other, proof, root)
    assert not proves_inclusion(leaf(b"other"), index, size, proof, root)
    assert not proves_inclusion(hash_, index, size, proof, EMPTY)
    for near in broken(proof):
        assert not proves_inclusion(hash_, index, size, near, root)


@pytest.mark.parametrize(("size", "later"), CONSISTENCY)
def test_a_published_consistency_proof_is_accepted_and_no_other(size: int, later: int) -> None:
    """Of these two sizes and roots alone."""
    proof = hashes(CONSISTENCY[size, later])
    root, later_root = root_at(size), root_at(later)
    assert proves_consistency(size, root, later, later_root, proof)
    assert not proves_consistency(size, EMPTY, later, later_root, proof)
    assert not proves_consistency(size, root, later, EMPTY, proof)
    assert not proves_consistency(size + 1, root, later, later_root, proof)
    assert not proves_consistency(later + 1, root, later, later_root, proof)
    for near in broken(proof):
        assert not proves_consistency(size, root, later, later_root, near)


def test_every_log_continues_the_empty_one() -> None:
    """With no proof at all, as the first checkpoint has it."""
    assert proves_consistency(0, EMPTY, 8, root_at(8), [])
    assert not proves_consistency(0, root_at(1), 8, root_at(8), [])
    assert not proves_consistency(0, EMPTY, 8, root_at(8), [EMPTY])
