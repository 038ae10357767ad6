"""Keys and notes, against the vectors of C2SP signed-note and of its first implementation."""

from __future__ import annotations

import pytest

from services.scoring.year import keys, notes
from services.scoring.year.keys import KeyRefused, Role, SigningKey, VerifierKey
from services.scoring.year.notes import Head, Note, NoteRefused
from tests.scoring.year import vectors

OPERATOR = SigningKey("danchu.local/operator/1", bytes(32))
AUDITOR = SigningKey("danchu.local/auditor/1", bytes(31) + b"\x01")
HEAD = Head("danchu.local/2025/v1", 3, bytes(32))


def test_a_private_key_and_its_verifier_key_are_the_published_ones() -> None:
    """Both directions: parsing gives the same texts again."""
    signer = keys.parse_signer(vectors.SIGNER)
    assert signer.encode() == vectors.SIGNER
    assert signer.verifier.encode() == vectors.VERIFIER
    assert keys.parse_verifier(vectors.VERIFIER) == signer.verifier
    assert vectors.SIGNER[-20:] not in repr(signer)


def test_a_signature_is_the_published_one() -> None:
    """Ed25519 is deterministic, so the same text and key give the same line."""
    signature = notes.sign(vectors.TEXT, keys.parse_signer(vectors.SIGNER))
    assert signature.line == vectors.SIGNATURE
    assert Note(vectors.TEXT).signed(signature).encode() == (
        f"{vectors.TEXT}\n{vectors.SIGNATURE}\n"
    )


def test_published_notes_are_verified() -> None:
    """A note with two signatures, and the example of the specification."""
    two = f"{vectors.TEXT}\n{vectors.SIGNATURE}\n{vectors.SECOND_SIGNATURE}\n"
    both = [keys.parse_verifier(vectors.VERIFIER), keys.parse_verifier(vectors.SECOND_VERIFIER)]
    assert notes.signers(notes.parse(two), both) == both
    assert notes.signers(notes.parse(two), both[1:]) == both[1:]
    example = keys.parse_verifier(vectors.SPECIFICATION_VERIFIER)
    assert notes.signers(notes.parse(vectors.SPECIFICATION_NOTE), [example]) == [example]


@pytest.mark.parametrize("vkey", [vectors.LONG_VERIFIER, vectors.OTHER_ALGORITHM])
def test_a_key_of_another_length_or_algorithm_is_refused(vkey: str) -> None:
    """Also with a key id that was adjusted to it."""
    with pytest.raises(KeyRefused):
        keys.parse_verifier(vkey)


def test_every_part_and_every_mangled_letter_of_a_key_is_refused() -> None:
    """As the first implementation tests it, for both halves."""
    for text, parse in (
        (vectors.VERIFIER, keys.parse_verifier), (vectors.SIGNER, keys.parse_signer),
    ):  # fmt: skip
        mangled = [text[:place] + chr(ord(text[place]) + 1) + text[place + 1 :]
                   for place in range(len(text))]  # fmt: skip
        parts = [text[first:end] for first in range(len(text)) for end in range(first, len(text))]
        for other in {*mangled, *parts}:
            with pytest.raises(KeyRefused):
                parse(other)


@pytest.mark.parametrize("last", [0, 0x80])
@pytest.mark.parametrize("first", [0, 1])
def test_a_key_under_which_anybody_signs_is_refused(first: int, last: int) -> None:
    """Points of small order, with either sign."""
    weak = VerifierKey("danchu.local/operator/1", bytes([first, *[0] * 30, last]))
    with pytest.raises(KeyRefused) as refusal:
        keys.parse_verifier(weak.encode())
    assert refusal.value.message.code == "scoring.seal-key-weak"


def test_an_unknown_key_is_ignored_and_a_false_line_of_a_known_one_rejects_the_note() -> None:
    """A false signature is never a missing one."""
    note = Note(HEAD.text).signed(notes.sign(HEAD.text, OPERATOR))
    false = notes.sign(HEAD.text, AUDITOR)._replace(value=bytes(64))
    assert notes.signers(note.signed(false), [OPERATOR.verifier]) == [OPERATOR.verifier]
    with pytest.raises(NoteRefused):
        notes.signers(note.signed(false), [OPERATOR.verifier, AUDITOR.verifier])


def test_an_unsigned_note_ends_with_the_blank_line() -> None:
    """So that whoever signs outside only adds a line."""
    unsigned = Note(HEAD.text).encode()
    assert unsigned == f"danchu.local/2025/v1\n3\n{'A' * 43}=\n\n"
    assert notes.parse(unsigned) == Note(HEAD.text)
    assert notes.parse_head(notes.parse(unsigned).text) == HEAD


@pytest.mark.parametrize(
    "note",
    [
        "", "\n\n", "a\nb", "a\n\n— x", "a\n\n— x \n", "a\n\nx eHh4\n", "a\t\n\n", "a\r\n\n",
        f"a\n\n{vectors.SIGNATURE}", f"a\n\n{vectors.SIGNATURE[:-5]}\n",
        f"a\n\n{vectors.SIGNATURE}\n\n{vectors.SIGNATURE} \n",
    ],
)  # fmt: skip
def test_what_is_no_note_is_refused(note: str) -> None:
    """Never repaired."""
    with pytest.raises(NoteRefused):
        notes.parse(note)


@pytest.mark.parametrize(
    "text",
    [
        HEAD.text[:-1], HEAD.text + "x\n", HEAD.text.replace("3", "03"),
        HEAD.text.replace("3", "-3"), HEAD.text.replace("danchu", "dan chu"),
        HEAD.text.replace("A=", "B="), HEAD.text.replace("AAAA", "", 1),
    ],
)  # fmt: skip
def test_what_is_no_head_of_a_log_is_refused(text: str) -> None:
    """Numbers and base64 have one spelling."""
    with pytest.raises(NoteRefused):
        notes.parse_head(text)


def test_a_key_file_says_who_signs_from_when_until_when() -> None:
    """A day begins in Vietnamese time; the end is not part of the span."""
    file = (
        "# the keys of the city\n\n"
        f"{OPERATOR.verifier.encode()} 2026-01-01T00:00:00Z 2026-02-01T00:00:00Z\n"
        f"{AUDITOR.verifier.encode()} 2026-01-01\n"
    )
    operator, auditor = keys.parse_file(file, "keys.txt")
    assert (operator.role, auditor.role) == (Role.OPERATOR, Role.AUDITOR)
    assert operator.key.origin == "danchu.local"
    assert [operator.signs_at(at) for at in (operator.since - 1, operator.since)] == [False, True]
    assert operator.until is not None and not operator.signs_at(operator.until)
    assert auditor.members()["from"] == "2025-12-31T17:00:00Z"
    assert auditor.members()["until"] is None
    assert keys.parse_file(f"{operator.encode()}\n{auditor.encode()}", "") == (operator, auditor)


@pytest.mark.parametrize(
    "line",
    [
        "x", "x 2026-01-01", f"{vectors.VERIFIER} 2026-01-01", OPERATOR.verifier.encode(),
        f"{AUDITOR.verifier.encode()} 2026-01-01 2026-01-01 x",
        f"{AUDITOR.verifier.encode()} 2026-01-02 2026-01-01",
        f"{AUDITOR.verifier.encode()} yesterday", f"{AUDITOR.verifier.encode()} 2026-13-01",
        f"{OPERATOR.verifier.encode()} 2027-01-01",
    ],
)  # fmt: skip
def test_a_faulty_line_of_a_key_file_is_named(line: str) -> None:
    """With the number of the line, in both languages."""
    file = f"{OPERATOR.verifier.encode()} 2026-01-01\n{line}\n"
    with pytest.raises(KeyRefused) as refusal:
        keys.parse_file(file, "keys.txt")
    assert "keys.txt, dòng 2: " in refusal.value.message.vi
    assert "keys.txt, line 2: " in refusal.value.message.en
