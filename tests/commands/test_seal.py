"""`danchu seal`: keys and signatures of seals on the machine of whoever signs."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from services.cli import app
from services.scoring.year import keys, notes, seal
from services.scoring.year.merkle import Tree, leaf_hash
from services.scoring.year.notes import Head, Note

LINES = [b'{"entry":"event"}', b'{"entry":"year"}']


def danchu(*arguments: str) -> Any:
    """Runs a command in this process."""
    return CliRunner().invoke(app, list(arguments))


def draft_of(lines: list[bytes], signed: list[bytes]) -> bytes:
    """The bundle of a draft with these lines, whose note signs others or the same."""
    root = Tree(leaf_hash(line) for line in signed).root()
    note = Note(Head("example.vn/2025/v1", len(signed), root).text).encode()
    return seal.bundle(note, b"".join(line + b"\n" for line in lines), [], [])


def test_a_key_is_made_once_for_its_owner_alone_and_signs_a_draft(tmp_path: Path) -> None:
    """The line verifies with the verifier key that was printed; nothing private is printed."""
    file, draft = tmp_path / "auditor.key", tmp_path / "draft.zip"
    options = ("--role", "auditor", "--origin", "example.vn", "--out", str(file))
    made = danchu("seal", "keygen", *options, "--json")
    assert made.exit_code == 0, made.output
    key = keys.parse_verifier(json.loads(made.stdout)["key"])
    assert (key.name, stat.S_IMODE(file.stat().st_mode)) == ("example.vn/auditor/1", 0o600)
    assert "PRIVATE" not in made.output and file.read_text().startswith("PRIVATE+KEY+")
    before = file.read_bytes()
    assert danchu("seal", "keygen", *options).exit_code == 2 and file.read_bytes() == before
    draft.write_bytes(draft_of(LINES, LINES))
    signed = danchu("seal", "sign", str(draft), "--key", str(file))
    assert signed.exit_code == 0 and "example.vn/2025/v1" in signed.stderr
    root = Tree(leaf_hash(line) for line in LINES).root()
    text = Head("example.vn/2025/v1", 2, root).text
    notes.check(text, notes.parse_signature(signed.stdout), key)


def test_what_does_not_lead_to_its_root_is_not_signed(tmp_path: Path) -> None:
    """Nor is what is no draft; a note alone is signed with a warning."""
    file, draft = tmp_path / "a.key", tmp_path / "draft"
    danchu("seal", "keygen", "--role", "auditor", "--out", str(file))
    contents = (
        (draft_of(LINES[:1], LINES), 2), (draft_of(LINES[::-1], LINES), 2), (b"PK\x03\x04", 2),
        (b"{}", 2), (b"x", 2), (Note(Head("a/2025/v1", 0, bytes(32)).text).encode().encode(), 0),
    )  # fmt: skip
    for content, code in contents:
        draft.write_bytes(content)
        outcome = danchu("seal", "sign", str(draft), "--key", str(file))
        assert outcome.exit_code == code, outcome.output
        assert bool(outcome.stdout) is (code == 0)
    assert "seal.zip?version=draft" in outcome.stderr


def test_a_role_or_origin_that_cannot_be_is_refused(tmp_path: Path) -> None:
    """No file is left behind."""
    file = tmp_path / "a.key"
    for options in (("--role", "council"), ("--role", "auditor", "--origin", "a b")):
        assert danchu("seal", "keygen", *options, "--out", str(file)).exit_code == 2
    assert not file.exists()
