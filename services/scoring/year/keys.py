"""Keys that sign notes (C2SP signed-note, Ed25519), and the file that lists them. Pure.

A verifier key is `<name>+<key id>+<base64>`; its name ends with the role and a number:
`<origin>/operator/1`. A private key has the same form after `PRIVATE+KEY+`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from enum import StrEnum
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from contracts import moments
from contracts.messages import Message
from services.chassis.errors import DanchuError
from services.scoring.messages import message

ED25519 = b"\x01"
KEY_BYTES = 32
ID_BYTES = 4
PRIVATE = "PRIVATE+KEY+"
LINES_MAX = 10_000
_NAME = re.compile(r"[^\s+\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_ID = re.compile(r"[0-9a-f]{8}", re.ASCII)
_ROLE = re.compile(r"(.+)/(operator|auditor)/([1-9][0-9]{0,8})", re.ASCII)


_PRIME = 2**255 - 19
_SMALL_ORDER = frozenset(
    int.from_bytes(bytes.fromhex(digits), "little")
    for digits in (
        "00" * 32, "01" + "00" * 31, "ec" + "ff" * 30 + "7f",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    )
)  # fmt: skip
"""The y coordinates of the points of small order on the curve: keys under which anybody signs."""


class Role(StrEnum):
    """Who signs with a key."""

    OPERATOR = "operator"
    AUDITOR = "auditor"


class KeyRefused(DanchuError):
    """A text is no key of this form."""


def is_name(text: str) -> bool:
    """Whether a text may be the name of a key or an origin: no space, no `+`, no control letter."""
    return _NAME.fullmatch(text) is not None


def key_name(origin: str, role: Role, number: int = 1) -> str:
    """The name of a key of an origin."""
    return f"{origin}/{role}/{number}"


class VerifierKey(NamedTuple):
    """A public key with its name."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        """The key id of C2SP signed-note: 4 bytes."""
        digest = hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()
        return digest[:ID_BYTES]

    @property
    def origin(self) -> str:
        """The origin that the name begins with; empty where the name has no role."""
        match = _ROLE.fullmatch(self.name)
        return "" if match is None else match[1]

    @property
    def role(self) -> Role | None:
        """The role in the name; None for a name of another form."""
        match = _ROLE.fullmatch(self.name)
        return None if match is None else Role(match[2])

    def encode(self) -> str:
        """The key as a text."""
        return f"{self.name}+{self.id.hex()}+{_base64(ED25519 + self.public)}"

    def verifies(self, text: bytes, signature: bytes) -> bool:
        """Whether a signature over a text is this key's."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text)
        except (InvalidSignature, ValueError):
            return False
        return True


class SigningKey(NamedTuple):
    """A private key with its name; it must never reach a log, so its form in text is `encode`."""

    name: str
    seed: bytes

    @property
    def verifier(self) -> VerifierKey:
        """The public half."""
        return VerifierKey(self.name, self._private.public_key().public_bytes_raw())

    def encode(self) -> str:
        """The key as a text."""
        return f"{PRIVATE}{self.name}+{self.verifier.id.hex()}+{_base64(ED25519 + self.seed)}"

    def sign(self, text: bytes) -> bytes:
        """The Ed25519 signature over a text: 64 bytes."""
        return self._private.sign(text)

    @property
    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    def __repr__(self) -> str:
        return f"SigningKey({self.name!r})"


def parse_verifier(text: str) -> VerifierKey:
    """The verifier key of a text; raises KeyRefused."""
    name, id_, public = _parts(text)
    key = VerifierKey(name, public)
    if key.id.hex() != id_:
        raise KeyRefused(message("seal-key-id", name=name))
    y = int.from_bytes(public, "little") & (2**255 - 1)
    if y >= _PRIME or y in _SMALL_ORDER:
        raise KeyRefused(message("seal-key-weak", name=name))
    return key


def parse_signer(text: str) -> SigningKey:
    """The private key of a text; raises KeyRefused, which never repeats the text."""
    if not text.startswith(PRIVATE):
        raise KeyRefused(message("seal-key-private"))
    name, id_, seed = _parts(text.removeprefix(PRIVATE))
    key = SigningKey(name, seed)
    if key.verifier.id.hex() != id_:
        raise KeyRefused(message("seal-key-id", name=name))
    return key


def _parts(text: str) -> tuple[str, str, bytes]:
    name, plus, rest = text.partition("+")
    id_, plus, encoded = rest.partition("+")
    if not plus or not is_name(name) or not _ID.fullmatch(id_):
        raise KeyRefused(message("seal-key-form"))
    raw = decode_base64(encoded)
    if raw is None or raw[:1] != ED25519 or len(raw) != 1 + KEY_BYTES:
        raise KeyRefused(message("seal-key-form"))
    return name, id_, raw[1:]


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def decode_base64(text: str) -> bytes | None:
    """The bytes of a base64 text in its one canonical spelling; None for any other text."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if _base64(raw) == text else None


class ListedKey(NamedTuple):
    """A key of the file: who signs with it, and from when until when (microseconds)."""

    key: VerifierKey
    role: Role
    since: int
    until: int | None = None

    def signs_at(self, instant: int) -> bool:
        """Whether the key may sign at an instant."""
        return self.since <= instant and (self.until is None or instant < self.until)

    def encode(self) -> str:
        """The line of the file, without a line feed."""
        until = "" if self.until is None else f" {moments.rfc3339(self.until)}"
        return f"{self.key.encode()} {moments.rfc3339(self.since)}{until}"

    def members(self) -> dict[str, str | None]:
        """The key as an answer has it."""
        return {
            "key": self.key.encode(), "role": self.role.value,
            "from": moments.rfc3339(self.since),
            "until": None if self.until is None else moments.rfc3339(self.until),
        }  # fmt: skip


def parse_file(text: str, file: str) -> tuple[ListedKey, ...]:
    """The keys of a key file; KeyRefused names the first line that cannot be read.

    Empty lines and lines that begin with `#` are comments.
    """
    keys: dict[VerifierKey, ListedKey] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            listed = _listed(line.split())
            if len(keys) == LINES_MAX:
                raise KeyRefused(message("seal-keys-many", most=LINES_MAX))
            if keys.setdefault(listed.key, listed) is not listed:
                raise KeyRefused(message("seal-key-twice", name=listed.key.name))
        except KeyRefused as error:
            why = message("seal-keys-line", file=file, line=number, why=error.message)
            raise KeyRefused(why) from None
    return tuple(keys.values())


def _listed(words: list[str]) -> ListedKey:
    if len(words) not in (2, 3):
        raise KeyRefused(message("seal-keys-words"))
    key = parse_verifier(words[0])
    if key.role is None:
        raise KeyRefused(message("seal-key-role", name=key.name))
    since, *rest = (_instant(word) for word in words[1:])
    until = rest[0] if rest else None
    if until is not None and until <= since:
        raise KeyRefused(message("seal-keys-span"))
    return ListedKey(key, key.role, since, until)


def _instant(word: str) -> int:
    """An instant, or the day that begins with it."""
    try:
        return moments.day_start(word) if len(word) == len("2026-01-01") else moments.instant(word)
    except ValueError as error:
        why = error.args[0]
        assert isinstance(why, Message)
        raise KeyRefused(message("seal-keys-time", word=repr(word), why=why)) from None
