"""The tree of the verifier, against the published vectors of Certificate Transparency.

Leaves, roots and proofs: testonly/constants.go and proof/verify_test.go of transparency-dev/merkle
(Apache-2.0); the long trees: compact/range_test.go of the same.
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

LEAVES = [
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOTS = [
    bytes.fromhex(text)
    for text in (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    )
]
A, B, C, D, E, F, G = (
    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
)
INCLUSION = [
    (0, 1, []), (0, 8, [A, B, C]), (5, 8, [D, E, F]), (2, 3, [ROOTS[2].hex()]),
    (1, 5, [ROOTS[1].hex(), B, D]),
]  # fmt: skip
CONSISTENCY = [(1, 1, []), (1, 8, [A, B, C]), (6, 8, [G, E, F]), (2, 5, [B, D])]
LONG_TREES = {
    10: "VjWMPSYNtCuCNlF/RLnQy6HcwSk6CIipfxm+hettA+4=",
    15: "j4SulYmocFuxdeyp12xXCIgK6PekBcxzAIj4zbQzNEI=",
    16: "c+4Uc6BCMOZf/v3NZK1kqTUJe+bBoFtOhP+P3SayKRE=",
    100: "dUh9hYH88p0CMoHkdr1wC2szbhcLAXOejWpINIooKUY=",
}


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
    assert root_of(LEAVES[:size]) == ROOTS[size]


@pytest.mark.parametrize("size", LONG_TREES)
def test_the_root_of_a_longer_tree_is_the_published_root(size: int) -> None:
    """Of entries that are their own number in two bytes, the smaller first."""
    lines = [number.to_bytes(2, "little") for number in range(size)]
    assert base64.b64encode(root_of(lines)).decode() == LONG_TREES[size]


@pytest.mark.parametrize(("index", "size", "texts"), INCLUSION)
def test_a_published_inclusion_proof_is_accepted_and_no_other(
    index: int, size: int, texts: list[str]
) -> None:
    """Of this entry, index and size alone."""
    proof, root, hash_ = hashes(texts), ROOTS[size], leaf(LEAVES[index])
    assert proves_inclusion(hash_, index, size, proof, root)
    for other in (index - 1, index + 1, index ^ 2):
        assert not proves_inclusion(hash_, other, size, proof, root)
    for other in (0, size * 2, size // 2):
        assert not proves_inclusion(hash_, index, other, proof, root)
    assert not proves_inclusion(leaf(b"other"), index, size, proof, root)
    assert not proves_inclusion(hash_, index, size, proof, EMPTY)
    for near in broken(proof):
        assert not proves_inclusion(hash_, index, size, near, root)


@pytest.mark.parametrize(("size", "later", "texts"), CONSISTENCY)
def test_a_published_consistency_proof_is_accepted_and_no_other(
    size: int, later: int, texts: list[str]
) -> None:
    """Of these two sizes and roots alone."""
    proof, root, later_root = hashes(texts), ROOTS[size], ROOTS[later]
    assert proves_consistency(size, root, later, later_root, proof)
    assert not proves_consistency(size, EMPTY, later, later_root, proof)
    assert not proves_consistency(size, root, later, EMPTY, proof)
    assert not proves_consistency(size + 1, root, later, later_root, proof)
    assert not proves_consistency(later + 1, root, later, later_root, proof)
    for near in broken(proof):
        assert not proves_consistency(size, root, later, later_root, near)


def test_every_log_continues_the_empty_one() -> None:
    """With no proof at all, as the first checkpoint has it."""
    assert proves_consistency(0, EMPTY, 8, ROOTS[8], [])
    assert not proves_consistency(0, ROOTS[1], 8, ROOTS[8], [])
    assert not proves_consistency(0, EMPTY, 8, ROOTS[8], [EMPTY])
