"""Notes and keys of the verifier, against the vectors of C2SP signed-note and of sumdb/note."""

from __future__ import annotations

from hashlib import sha256

import pytest

from services.scoring.year.verify.discrepancies import Discrepancy
from services.scoring.year.verify.seals import keys_of, seal_of
from services.scoring.year.verify.signatures import key_of, note_text, signers, split_note
from tests.scoring.year.vectors import (
    LONG_VERIFIER,
    OTHER_ALGORITHM,
    SECOND_SIGNATURE,
    SECOND_VERIFIER,
    SIGNATURE,
    SPECIFICATION_NOTE,
    SPECIFICATION_VERIFIER,
    TEXT,
    VERIFIER,
)
from tests.support.builders.seals import Signer, base64, note, signer

BOTH = f"{TEXT}\n{SIGNATURE}\n{SECOND_SIGNATURE}\n"
ORIGIN = "hanoi.example"
ROOT = sha256(b"root").digest()


def signed_by(text: str, *keys: str) -> list[str]:
    """The names of the keys that signed a note."""
    body, lines = split_note(text.encode(), "note")
    return [key.name for key in signers(body, lines, [key_of(k, "key") for k in keys], "note")]


def code_of(text: str | bytes, *keys: str) -> str:
    """The code of what differs in a seal's note."""
    raw = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(Discrepancy) as refused:
        seal_of(raw, [], keys, "note")
    return refused.value.code


def test_the_published_notes_are_accepted() -> None:
    """Of the specification, and of the implementation that it comes from."""
    assert signed_by(SPECIFICATION_NOTE, SPECIFICATION_VERIFIER) == ["example.com/foo"]
    assert signed_by(BOTH, VERIFIER, SECOND_VERIFIER) == ["PeterNeumann", "EnochRoot"]
    assert signed_by(BOTH, VERIFIER) == ["PeterNeumann"]  # a line of an unknown key is ignored
    assert signed_by(BOTH) == []


def test_no_piece_and_no_misprint_of_a_published_key_is_one() -> None:
    """Neither of another length or algorithm, though its id be right."""
    assert key_of(VERIFIER, "key").public.hex().startswith("1a5cd907143c384c")
    pieces = [VERIFIER[i:j] for i in range(len(VERIFIER)) for j in range(i + 1, len(VERIFIER) + 1)]
    misprints = [
        VERIFIER[:i] + chr(ord(VERIFIER[i]) + 1) + VERIFIER[i + 1 :] for i in range(len(VERIFIER))
    ]
    others = (*misprints, LONG_VERIFIER, OTHER_ALGORITHM, f" {VERIFIER}", f"{VERIFIER}\n")
    for text in {*pieces, *others} - {VERIFIER}:
        with pytest.raises(Discrepancy):
            key_of(text, "key")


@pytest.mark.parametrize(
    "text",
    [
        TEXT, f"{TEXT}\n", f"{TEXT}\n{SIGNATURE}", f"\x01{TEXT}\n{SIGNATURE}\n",
        f"{TEXT}\n— Bad Name x08go/ZJkuBS9UG=\n", f"{TEXT}\n{SIGNATURE}\nUnexpected line.\n",
        f"{TEXT}\n{SIGNATURE[:60]}ABCD{SIGNATURE[60:]}\n", f"{TEXT}\n" + f"{SIGNATURE}\n" * 101,
        f"{TEXT}\n{SIGNATURE}\n{SIGNATURE}\n", f"{TEXT.upper()}\n{SIGNATURE}\n",
        f"{TEXT}\n{SIGNATURE.replace('—', '-')}\n", f"{TEXT}\r\n{SIGNATURE}\r\n",
    ],
)  # fmt: skip
def test_a_note_with_a_fault_is_refused(text: str) -> None:
    """Its form, or a signature of a key that is there and fails, or that stands twice."""
    with pytest.raises(Discrepancy):
        signed_by(text, VERIFIER)


def test_bytes_that_are_no_text_are_no_note() -> None:
    """As any reader of UTF-8 finds."""
    assert code_of(b"\xff" + BOTH.encode(), VERIFIER) in ("note", "key-role")


def test_the_text_is_a_checkpoint_of_three_lines() -> None:
    """Origin, size in digits, root in base64, as tlog-checkpoint has them."""
    good = f"{ORIGIN}/2025/v1\n42\n{base64(ROOT)}\n"
    assert note_text(good, "note") == (f"{ORIGIN}/2025/v1", 42, ROOT)
    sizes = [good.replace("42", size) for size in ("042", "-1", "4_2", "٤٢", "")]
    for bad in (*sizes, f"{good}more\n", good[:-2], good.replace("=", "")):
        with pytest.raises(Discrepancy):
            note_text(bad, "note")


def seal(*signers: Signer, log: str = f"{ORIGIN}/2025/v1") -> str:
    """A note of a seal."""
    return note(log, 42, ROOT, *signers)


def test_a_seal_has_one_operator_and_one_auditor_of_its_origin() -> None:
    """By different keys; of a stranger's lines there may be any number."""
    operator, auditor = signer(ORIGIN, "operator"), signer(ORIGIN, "auditor")
    keys = (operator.vkey, auditor.vkey)
    stranger = signer("elsewhere.example", "auditor")
    result = seal_of(seal(stranger, auditor, operator).encode(), [], keys, "note")
    assert [key.text for key in result.keys] == list(keys)
    assert code_of(seal(operator), *keys) == "no-auditor"
    assert code_of(seal(auditor), *keys) == "no-operator"
    assert code_of(seal(operator, auditor), keys[0], stranger.vkey) == "no-auditor"
    assert code_of(seal(operator, stranger), keys[0], stranger.vkey) == "key-origin"
    second = signer(ORIGIN, "operator", 2)
    assert code_of(seal(operator, second, auditor), *keys, second.vkey) == "role-twice"
    same = Signer(auditor.name, operator.seed)
    assert code_of(seal(operator, same), keys[0], same.vkey) == "key-twice"
    forger = Signer(operator.name, b"\x07" * 32)
    line = forger.line(seal(operator).partition("\n\n")[0] + "\n")
    forged = base64(operator.id + forger.private.sign(b"x"))
    wrong = f"{line[: line.rindex(' ')]} {forged}\n"
    assert code_of(seal(auditor) + wrong, *keys) == "signature"
    assert code_of(seal(operator, auditor, log=f"{ORIGIN}/2025/events"), *keys) == "note-origin"
    assert code_of(seal(operator, auditor, log=f"{ORIGIN}/2025/v0"), *keys) == "note-origin"


@pytest.mark.parametrize("y", ["00" * 32, "01" + "00" * 31, "ec" + "ff" * 30 + "7f",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", "ff" * 32])  # fmt: skip
def test_a_key_of_small_order_is_refused(y: str) -> None:
    """Anybody can forge its signatures, so it would prove nothing."""
    name, public = f"{ORIGIN}/auditor/1", b"\x01" + bytes.fromhex(y)
    id_ = sha256(name.encode() + b"\n" + public).digest()[:4].hex()
    with pytest.raises(Discrepancy) as refused:
        keys_of([f"{name}+{id_}+{base64(public)}"], "keys")
    assert refused.value.code == "key-weak"
