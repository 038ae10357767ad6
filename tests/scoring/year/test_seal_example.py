"""The worked example of docs/seal.md, line by line: what the page says is computed again."""

from __future__ import annotations

import base64
import hmac
import json
import re
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from services.cli import app
from services.scoring.year.guide import GUIDE
from services.scoring.year.verify.files import check
from tests.support.builders.seals import Signer, zipped

PAGE = (Path(__file__).parents[3] / "docs" / "seal.md").read_text(encoding="utf-8")
ROLES = {"operator": b"\x01" * 32, "auditor": b"\x02" * 32}
STEP = re.compile(r"^([a-z0-9 -]+) = (SHA-256|HMAC-SHA-256)\((.*)\) = ([0-9a-f]{64})$", re.M)


def blocks(language: str) -> list[str]:
    """The blocks of the page in a language, in their order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.S | re.M)


ENTRIES, PROOF, CHECKPOINTS = blocks("json")
LINES = ENTRIES.encode().splitlines()
RUBRIC = blocks("yaml")[0].encode()
NOTE = next(block for block in blocks("text") if block.startswith("example.danchu/2025/v1\n"))
KEYS = next(block for block in blocks("text") if block.startswith("example.danchu/operator/1+"))
SENTENCE = next(block for block in blocks("text") if block.startswith("seal.zip: "))


@cache
def values() -> dict[str, bytes]:
    """Every value of the page that is computed by a step, by its name."""
    return {name: bytes.fromhex(value) for name, _, _, value in STEP.findall(PAGE)}


def part(text: str) -> bytes:
    """A part of what a step joins: a text, a line, a value, or bytes."""
    if text.startswith('"'):
        return text[1:-1].encode()
    if text.startswith("line "):
        return LINES[int(text.removeprefix("line "))]
    if text == "rubrics/example-2025.yaml":
        return RUBRIC
    return values()[text] if text in values() else bytes.fromhex(text)


def steps() -> Iterator[tuple[str, bytes, bytes]]:
    """Each step: its name, what it gives, and what the page says that it gives."""
    for name, function, joined, value in STEP.findall(PAGE):
        if function == "SHA-256":
            result = sha256(b"".join(map(part, joined.split(" || ")))).digest()
        else:
            key, _, message = joined.partition(", ")
            parts = message.replace(", ", " || ").split(" || ")
            result = hmac.digest(part(key), b"".join(map(part, parts)), "sha256")
        yield name, result, bytes.fromhex(value)


def bundle() -> bytes:
    """The bundle of the example, from what the page has."""
    files = {
        "note": NOTE, "entries.ndjson": ENTRIES, "rubrics/example-2025.yaml": RUBRIC.decode(),
        "keys.txt": KEYS, "VERIFY.md": GUIDE.decode(),
    }  # fmt: skip
    return zipped((name, content.encode()) for name, content in files.items())


def in_base64(name: str) -> str:
    """A value of the page in base64."""
    return base64.b64encode(values()[name]).decode()


def prove(content: Any) -> Any:
    """What an answer proves by the keys of the page."""
    return check(json.dumps(content).encode(), KEYS.split(), lambda count, total: None)


def test_each_step_of_the_page_gives_what_it_says() -> None:
    """Salts, leaves, nodes, roots, digests and ids of keys."""
    names = [name for name, result, value in steps() if result == value]
    assert names == [name for name, _, _ in steps()] and len(names) == 24
    root = values()["root"]
    assert NOTE.splitlines()[2] == in_base64("root")
    assert (values()["node 0-3"], root) == (values()["root of 4"], root)


def test_the_entries_have_the_salts_and_the_digests_of_the_steps() -> None:
    """The first 32 digits of each salt; the root of the events and the digest of the rubric."""
    entries = [json.loads(line) for line in LINES]
    for number, entry in enumerate(entries[:-1]):
        assert entry["salt"] == values()[f"salt {number}"].hex()[:32]
    year = entries[-1]
    assert year["events_root"] == in_base64("node 0-3") and f"`{in_base64('node 0-3')}`" in PAGE
    assert year["rubrics"] == [{"id": "example-2025", "sha256": values()["rubric"].hex()}]


@pytest.mark.parametrize("role", ROLES)
def test_the_note_is_signed_by_the_keys_of_the_page(role: str) -> None:
    """Whoever has the seed comes to the same signature: Ed25519 has no chance in it."""
    signer = Signer(f"example.danchu/{role}/1", ROLES[role])
    assert signer.vkey in KEYS.splitlines()
    assert signer.id == values()[f"{role} id"][:4]
    text = NOTE.partition("\n\n")[0] + "\n"
    assert signer.line(text) in NOTE


def test_the_command_says_of_the_bundle_what_the_page_says(tmp_path: Path) -> None:
    """With both keys from outside, in the English half of the sentence."""
    path = tmp_path / "seal.zip"
    path.write_bytes(bundle())
    options = [word for key in KEYS.split() for word in ("--key", key)]
    result = CliRunner().invoke(app, ["verify", str(path), *options])
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.split(" / ")[-1] == SENTENCE


def test_the_proof_and_the_checkpoints_of_the_page_hold() -> None:
    """The hashes of the proof are the nodes that the page names."""
    proof = json.loads(PROOF)
    assert proof == [in_base64("leaf 5"), in_base64("node 0-3")]
    year = [in_base64("leaf 4"), in_base64("node 0-3")]
    entries = [
        {"index": index, "line": LINES[index].decode(), "proof": hashes}
        for index, hashes in ((4, proof), (5, year))
    ]
    answer = {"unit": "H44.1", "note": NOTE, "keys": KEYS.split(), "entries": entries}
    assert prove(answer).unit == "H44.1"
    checkpoints = json.loads(CHECKPOINTS)
    assert prove(checkpoints).checkpoints == 2
    first, second = checkpoints["items"]
    assert (first["root"], second["root"]) == (in_base64("root of 3"), in_base64("root of 4"))
    assert second["consistency"] == [in_base64(each) for each in ("leaf 2", "leaf 3", "node 0-1")]
