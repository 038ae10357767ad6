"""Random changes of what a seal gives out: each of them must be found."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

from tests.support.builders.seals import SealedCity, Signer, base64, canonical, note, zipped

Change = Callable[[SealedCity, Random], bytes]


def bundle_of(city: SealedCity, **files: bytes) -> bytes:
    """The bundle with other contents of some files."""
    names = {"entries": "entries.ndjson", "keys": "keys.txt", "guide": "VERIFY.md", "note": "note"}
    changed = {names[name]: content for name, content in files.items()}
    return zipped((city.files() | changed).items())


def text(lines: list[bytes]) -> bytes:
    """The content of `entries.ndjson`."""
    return b"".join(line + b"\n" for line in lines)


def rerooted(city: SealedCity, lines: list[bytes]) -> bytes:
    """Other lines, with a note of their own root under the old signatures."""
    changed = replace(city, lines=lines)
    body, _, signatures = city.note.partition("\n\n")
    fresh, _, _ = changed.note.partition("\n\n")
    assert fresh != body
    return bundle_of(city, entries=text(lines), note=f"{fresh}\n\n{signatures}".encode())


def one_byte(city: SealedCity, rng: Random) -> bytes:
    """One byte of the file is another."""
    raw = bytearray(city.bundle())
    place = rng.randrange(len(raw))
    raw[place] ^= rng.randrange(1, 256)
    return bytes(raw)


def one_byte_of_a_header(city: SealedCity, rng: Random) -> bytes:
    """One byte of the last 400, which are the directory of the ZIP file."""
    raw = bytearray(city.bundle())
    raw[-rng.randrange(1, 400)] ^= rng.randrange(1, 256)
    return bytes(raw)


def one_byte_lost(city: SealedCity, rng: Random) -> bytes:
    """One byte of the file is missing."""
    raw = city.bundle()
    place = rng.randrange(len(raw))
    return raw[:place] + raw[place + 1 :]


def one_byte_more(city: SealedCity, rng: Random) -> bytes:
    """One byte stands in the file that was not there."""
    raw = city.bundle()
    place = rng.randrange(len(raw) + 1)
    return raw[:place] + bytes([rng.randrange(256)]) + raw[place:]


def dropped(city: SealedCity, rng: Random) -> bytes:
    """An entry is missing."""
    lines = list(city.lines)
    del lines[rng.randrange(len(lines))]
    return bundle_of(city, entries=text(lines))


def dropped_and_rerooted(city: SealedCity, rng: Random) -> bytes:
    """An entry is missing, and the note says so, without new signatures."""
    lines = list(city.lines)
    del lines[rng.randrange(len(lines))]
    return rerooted(city, lines)


def swapped(city: SealedCity, rng: Random) -> bytes:
    """Two entries stand in each other's place."""
    lines = list(city.lines)
    i, j = rng.sample(range(len(lines)), 2)
    lines[i], lines[j] = lines[j], lines[i]
    return bundle_of(city, entries=text(lines))


def repeated(city: SealedCity, rng: Random) -> bytes:
    """An entry stands twice."""
    lines = list(city.lines)
    place = rng.randrange(len(lines))
    return bundle_of(city, entries=text([*lines[:place], lines[place], *lines[place:]]))


def other_rating(city: SealedCity, rng: Random) -> list[bytes]:
    """The lines with a rating that has other points."""
    lines = list(city.lines)
    place = len(city.events) + rng.randrange(len(city.ratings))
    entry = json.loads(lines[place])
    entry["rating"]["total"] = f"{rng.randrange(200)}.{rng.randrange(100):02}"
    lines[place] = canonical(entry).encode()
    return lines


def changed_rating(city: SealedCity, rng: Random) -> bytes:
    """A rating has other points, and the note another root, without new signatures."""
    return rerooted(city, other_rating(city, rng))


def quietly_changed_rating(city: SealedCity, rng: Random) -> bytes:
    """A rating has other points under the old note."""
    return bundle_of(city, entries=text(other_rating(city, rng)))


def other_salt(city: SealedCity, rng: Random) -> bytes:
    """An entry has another salt."""
    lines = list(city.lines)
    place = rng.randrange(len(lines) - 1)
    entry = json.loads(lines[place])
    entry["salt"] = f"{rng.getrandbits(128):032x}"
    lines[place] = canonical(entry).encode()
    return bundle_of(city, entries=text(lines))


def stranger(city: SealedCity, rng: Random) -> tuple[Signer, ...]:
    """The signers, one of whom has another key under the same name."""
    signers = list(city.signers)
    place = rng.randrange(2)
    signers[place] = replace(signers[place], seed=rng.randbytes(32))
    return tuple(signers)


def other_key(city: SealedCity, rng: Random) -> bytes:
    """A stranger signed, under the key of another."""
    changed = replace(city, signers=stranger(city, rng))
    return bundle_of(city, note=changed.note.encode())


def other_keys(city: SealedCity, rng: Random) -> bytes:
    """A stranger signed, and the bundle has the stranger's key."""
    return replace(city, signers=stranger(city, rng)).bundle()


def stolen_signature(city: SealedCity, rng: Random) -> bytes:
    """A stranger's signature stands under the id of the key."""
    log, size, root = city.note.split("\n")[:3]
    place, body = rng.randrange(2), f"{log}\n{size}\n{root}\n"
    lines = [each.line(body) for each in city.signers]
    other, own = stranger(city, rng)[place], city.signers[place]
    signature = other.private.sign(rng.randbytes(8) if rng.random() < 0.5 else body.encode())
    if other.seed == own.seed:
        signature = rng.randbytes(64)
    lines[place] = f"\u2014 {own.name} {base64(own.id + signature)}\n"
    return bundle_of(city, note=(body + "\n" + "".join(lines)).encode())


def one_signature(city: SealedCity, rng: Random) -> bytes:
    """Only one of the two signed, or one of them twice."""
    signer = rng.choice(city.signers)
    again = (signer, signer) if rng.random() < 0.5 else (signer,)
    return bundle_of(city, note=replace(city, signers=again).note.encode())


def exchanged_rubric(city: SealedCity, rng: Random) -> bytes:
    """A rubric has another byte."""
    id_ = rng.choice(sorted(city.rubrics))
    raw = bytearray(city.rubrics[id_])
    raw[rng.randrange(len(raw))] ^= rng.randrange(1, 256)
    return zipped((city.files() | {f"rubrics/{id_}.yaml": bytes(raw)}).items())


def other_files(city: SealedCity, rng: Random) -> bytes:
    """A file is missing, stands twice, has another name, or stands in another place."""
    files = list(city.files().items())
    place = rng.randrange(len(files))
    name, content = files[place]
    if rng.random() < 0.25:
        files[place] = (f"{name}x", content)
    elif rng.random() < 0.4:
        files.insert(rng.randrange(len(files) + 1), (name, content))
    elif rng.random() < 0.5:
        del files[place]
    else:
        files = [*files[place + 1 :], *files[: place + 1]]
        if files == list(city.files().items()):
            files.reverse()
    return zipped(files)


BUNDLE: dict[Change, int] = {
    one_byte: 300, one_byte_of_a_header: 120, one_byte_lost: 40, one_byte_more: 40, dropped: 60,
    dropped_and_rerooted: 60, swapped: 60, repeated: 30, changed_rating: 60,
    quietly_changed_rating: 30, other_salt: 60, other_key: 20, other_keys: 20,
    stolen_signature: 30, one_signature: 10, exchanged_rubric: 40, other_files: 60,
}  # fmt: skip
"""How often each is tried."""


def changed_proof(city: SealedCity, rng: Random) -> dict[str, Any]:
    """A unit's proof in which one thing is another."""
    unit = rng.choice(city.ratings)["unit"]
    events = rng.sample(range(len(city.events)), 3)
    proof = city.proof(unit, events)
    before = copy.deepcopy(proof)
    entry = rng.choice(proof["entries"])
    hashes = entry["proof"]
    place = rng.randrange(len(hashes))
    match rng.randrange(8):
        case 0:
            other = rng.randrange(len(hashes))
            hashes[place], hashes[other] = hashes[other], hashes[place]
        case 1:
            entry["index"] ^= 1 << rng.randrange(4)
        case 2:
            hashes[place] = base64(rng.randbytes(32))
        case 3:
            del hashes[place]
        case 4:
            entry["line"] = entry["line"].replace('"salt":"', '"salt":"0', 1)
        case 5:
            proof["entries"].remove(rng.choice(proof["entries"][-2:]))
        case 6:
            proof["unit"] += "X"
        case 7:
            proof["keys"] = [proof["keys"][0]]
    return proof if proof != before else changed_proof(city, rng)


def changed_checkpoints(city: SealedCity, rng: Random) -> dict[str, Any]:
    """A list of checkpoints in which one thing is another."""
    sizes = sorted(rng.sample(range(1, len(city.events)), 4))
    days = [f"2026-0{month}-28T17:00:00Z" for month in range(1, 5)]
    answer = city.checkpoints(zip(days, sizes, strict=True))
    item = rng.choice(answer["items"][1:])
    match rng.randrange(6):
        case 0:
            answer["items"].remove(rng.choice(answer["items"][:-1]))
        case 1:
            item["size"] += 1
        case 2:
            item["root"] = base64(rng.randbytes(32))
        case 3:
            item["consistency"] = [*item["consistency"], base64(rng.randbytes(32))][-1:]
        case 4:
            answer["items"].reverse()
        case 5:
            root = rng.randbytes(32)  # another past, with the signature of the same key
            log = f"{city.origin}/{city.year}/events"
            item["root"] = base64(root)
            item["note"] = note(log, item["size"], root, city.signers[0])
    return answer
