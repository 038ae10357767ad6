"""`danchu verify` says what a file proves, or what differs first; it never fails itself."""

from __future__ import annotations

import ast
import json
import os
import struct
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from contracts.messages import templates
from services.cli import app
from services.commands.verify.files import FILE_MAX
from services.scoring.operations import verification
from tests.contracts.test_messages import VIETNAMESE, places
from tests.scoring.year.changes import bundle_of, text
from tests.scoring.year.sealed import sealed_city
from tests.support.builders.seals import SealedCity, zipped

SCORING = Path(__file__).parents[3] / "services" / "scoring"
CODES = ("require", "Discrepancy", "UnreadableFile", "_with_fault")


@pytest.fixture(scope="module")
def city() -> SealedCity:
    """A small sealed city."""
    return sealed_city(1, 6, 60)


def run(path: Path, *arguments: str) -> Result:
    """The command on a file."""
    return CliRunner().invoke(app, ["verify", str(path), *arguments])


def with_keys(city: SealedCity) -> list[str]:
    """The options that name the keys of the city."""
    return [argument for key in city.keys for argument in ("--key", key)]


def as_json(path: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit code and answer for programs."""
    result = run(path, *arguments, "--json")
    return result.exit_code, json.loads(result.stdout)


def test_a_bundle_is_proved_by_keys_from_outside(city: SealedCity, tmp_path: Path) -> None:
    """Exit 0, with the root and the keys in the sentence, in both languages."""
    path = tmp_path / "seal.zip"
    path.write_bytes(city.bundle())
    result = run(path, *with_keys(city))
    assert (result.exit_code, result.stderr) == (0, "")
    root = city.note.split("\n")[2]
    for part in (root, *city.keys, city.cut, f"{city.origin}/{city.year}/v1", "agrees"):
        assert part in result.stdout
    assert VIETNAMESE.search(result.stdout)
    code, answer = as_json(path, *with_keys(city))
    assert code == 0 and answer["verified"] and answer["outside"]
    assert (answer["kind"], answer["keys"], answer["root"]) == ("bundle", city.keys, root)
    assert answer["message_vi"] and answer["message_en"] and "warning" not in answer


def test_keys_of_the_file_itself_come_with_a_warning(city: SealedCity, tmp_path: Path) -> None:
    """They prove nothing about who signed; a stranger's key from outside proves the contrary."""
    path = tmp_path / "seal.zip"
    path.write_bytes(city.bundle())
    result = run(path)
    assert result.exit_code == 0 and "--key" in result.stderr and "Warning" in result.stderr
    assert as_json(path)[1]["warning_en"].startswith("Warning")
    stranger = sealed_city(0, 6, 60, origin="elsewhere.example").keys
    result = run(path, "--key", stranger[0], "--key", stranger[1])
    assert result.exit_code == 1 and "note" in result.stderr and result.stdout == ""
    assert run(path, "--key", city.keys[0]).exit_code == 1  # the auditor's is not among them
    assert run(path, "--key", "nonsense").exit_code == 2


def test_a_proof_and_checkpoints_are_proved(city: SealedCity, tmp_path: Path) -> None:
    """The sentence of a proof says what it does not prove; checkpoints need a key."""
    path, unit = tmp_path / "answer.json", city.ratings[0]["unit"]
    path.write_text(json.dumps(city.proof(unit, [2, 3]), indent=1), encoding="utf-8")
    result = run(path, *with_keys(city))
    assert result.exit_code == 0 and unit in result.stdout and "not proved" in result.stdout
    path.write_text(json.dumps(city.checkpoints([("2026-01-31T17:00:00Z", 9)])), encoding="utf-8")
    result = run(path, *with_keys(city))
    assert result.exit_code == 0 and "2026-01-31T17:00:00Z" in result.stdout
    assert city.keys[1] not in result.stdout  # an auditor signs no checkpoint
    result = run(path)
    assert result.exit_code == 2 and "--key" in result.stderr


def test_a_draft_is_checked_before_it_is_signed(city: SealedCity, tmp_path: Path) -> None:
    """So that nobody signs unseen; without `--draft` a missing signature is a difference."""
    path, body = tmp_path / "draft.zip", city.note.partition("\n\n")[0] + "\n\n"
    path.write_bytes(bundle_of(city, note=body.encode(), keys=b""))
    result = run(path, "--draft")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "Signed so far: nobody. This is no seal yet" in result.stdout
    assert run(path).exit_code == 1
    operator = city.signers[0]
    signed = body + operator.line(body[:-1])
    path.write_bytes(bundle_of(city, note=signed.encode(), keys=f"{operator.vkey}\n".encode()))
    result = run(path, "--draft", *with_keys(city))
    assert result.exit_code == 0 and f"Signed so far: {operator.vkey}" in result.stdout
    assert run(path, *with_keys(city)).exit_code == 1
    assert run(path, "--draft", "--key", city.keys[1]).exit_code == 1
    lines = [*city.lines[:2], *city.lines[3:]]
    changed = bundle_of(city, note=body.encode(), keys=b"", entries=text(lines))
    path.write_bytes(changed)
    assert run(path, "--draft").exit_code == 1


def test_what_differs_is_named_by_line_and_unit(city: SealedCity, tmp_path: Path) -> None:
    """A changed rating by its unit as well, since a root names no line."""
    path, lines = tmp_path / "seal.zip", list(city.lines)
    place = len(city.events)
    rating = json.loads(lines[place])["rating"]
    total = f'"total":"{rating["total"]}"'.encode()
    lines[place] = lines[place].replace(total, b'"total":"99.99"')
    path.write_bytes(bundle_of(city, entries=text(lines)))
    result = run(path, *with_keys(city))
    assert result.exit_code == 1
    assert f"entries.ndjson:{place + 1}-{len(lines)}" in result.stderr
    assert f"{rating['unit']}: the sealed total is 99.99" in result.stderr
    code, answer = as_json(path, *with_keys(city))
    assert (code, answer["verified"]) == (1, False)
    assert answer["place"] == f"entries.ndjson:{place + 1}-{len(lines)}"
    ratings = [{**each, "rank": 7} for each in city.ratings]
    path.write_bytes(replace(city, ratings=ratings, lines=[]).bundle())
    result = run(path, *with_keys(city))
    assert result.exit_code == 1 and "the sealed rank is 7" in result.stderr


def bomb(path: Path) -> None:
    """A gigabyte of zeros in a megabyte."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("note", "w") as f,
    ):
        for _ in range(64):
            f.write(bytes(2**20))


def sparse(path: Path) -> None:
    """Ten gigabytes that are nowhere."""
    path.touch()
    os.truncate(path, 10 * 2**30)


def sparse_zip(path: Path) -> None:
    """A file whose header claims nearly four gigabytes, and that has them."""
    size = 3 * 2**30
    head = struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, 0, 0, 0, 33, 0, size, size, 4, 0)
    path.write_bytes(head + b"note")
    os.truncate(path, len(head) + 4 + size)


HOSTILE: dict[str, bytes | Callable[[Path], Any]] = {
    "empty": b"", "zeros": bytes(4096), "words": b"hello", "binary": bytes(range(256)),
    "array": b"[1]", "number": b"1" * 100_000, "object": b"{}", "open": b'{"entries":',
    "deep": b'{"entries":' + b"[" * 200_000, "deep object": b'{"items":' * 100_000,
    "huge number": b'{"items":[{"size":' + b"9" * 100_000 + b"}]}",
    "great number": b'{"items":[{"size":' + b"9" * 4000 + b"}]}",
    "fraction": b'{"entries":[1.5]}', "nan": b'{"entries":[NaN]}', "huge": b'{"items":1e999999}',
    "surrogate": b'{"entries":"\\ud800"}', "twice": b'{"entries":[],"entries":[]}',
    "latin": '{"entries":"é"}'.encode("latin-1"), "utf-16": '{"entries":[]}'.encode("utf-16"),
    "nul": b'{"entries":"\0"}', "types": b'{"unit":1,"note":[],"keys":{},"entries":null}',
    "texts": b'{"unit":"A","note":"\xc2\xa0","keys":["a+b+c"],"entries":[{},{}]}',
    "nothing": b'{"items":[null]}', "list": b'{"items":{"a":1}}', "head": b"PK\x03\x04",
    "end": b"PK\x05\x06" + bytes(18), "short": b"PK\x03\x04" + b"\xff" * 40,
    "no files": zipped([]), "a file": zipped([("note", b"x")]),
    "many files": zipped([(f"{n}", b"") for n in range(1001)]),
    "path": zipped([("../note", b""), ("entries.ndjson", b""), ("/etc/passwd", b"")]),
    "bomb": bomb, "sparse": sparse, "sparse zip": sparse_zip, "pipe": os.mkfifo,
    "folder": Path.mkdir, "loop": lambda path: path.symlink_to(path.name),
    "device": lambda path: path.symlink_to("/dev/zero"), "nowhere": lambda path: path,
    "to a folder": lambda path: path.symlink_to(path.parent),
}  # fmt: skip
LINES: dict[str, bytes] = {
    "deep": b"[" * 100_000, "deep object": b'{"a":' * 100_000, "number": b"9" * 100_000,
    "marks": ('{"a":"e' + "\u0301\u0316" * 500_000 + '"}').encode(), "nul": b"\0" * 1000,
    "surrogate": b'{"a":"\\ud800"}', "latin": b"\xff", "blank": b"", "null": b"null",
    "event": b'{"entry":"event","event":null,"salt":null}', "list": b'["entry"]',
    "fields": b'{"entry":"event","event":{"data":1},"salt":"0"}', "fraction": b'{"a":1.0}',
}  # fmt: skip


def is_answered(result: Result) -> None:
    """With a sentence in both languages, as a difference or as unreadable; never a fault."""
    assert result.exit_code in (1, 2), result.output
    assert VIETNAMESE.search(result.stderr) and result.stdout == ""
    assert "Traceback" not in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_answered_with_a_sentence(
    name: str, city: SealedCity, tmp_path: Path
) -> None:
    """Bombs, claims of gigabytes, deep nestings, huge numbers, links, pipes, devices."""
    content, path = HOSTILE[name], tmp_path / "file"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        content(path)
    is_answered(run(path, *with_keys(city)))


@pytest.mark.parametrize("name", LINES)
def test_a_hostile_line_is_answered_with_a_sentence(
    name: str, city: SealedCity, tmp_path: Path
) -> None:
    """The bundle around it is right, and the line is the first, the last, or all there is."""
    path, rest = tmp_path / "seal.zip", list(city.lines)
    for lines in ([LINES[name], *rest[1:]], [*rest[:-1], LINES[name]], [LINES[name]]):
        path.write_bytes(bundle_of(city, entries=text(lines)))
        result = run(path, *with_keys(city))
        is_answered(result)
        assert "entries.ndjson" in result.stderr


def test_a_file_is_no_larger_than_a_zip_file_can_be() -> None:
    """Four gigabytes: extra fields for more are not of the form."""
    assert FILE_MAX == 2**32 - 1


def codes() -> dict[str, set[str]]:
    """Every code that the check raises, with the values that it gives."""
    raised: dict[str, set[str]] = {}
    paths = [*(SCORING / "year" / "verify").glob("*.py"), SCORING / "operations/recomputation.py"]
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
            if isinstance(node, ast.Call) and name in CODES:
                texts = [arg.value for arg in node.args[:2] if isinstance(arg, ast.Constant)]
                code = next((each for each in texts if isinstance(each, str) and each), None)
                values = {word.arg or "*" for word in node.keywords}
                kind = "unreadable" if name == "UnreadableFile" else "differs"
                if code is not None:
                    extra = {"fault"} if name == "_with_fault" else set()
                    raised.setdefault(f"{kind}-{code}", values | extra)
    return raised


def test_every_code_of_the_check_has_its_sentence() -> None:
    """And each sentence the values that it needs, so that no difference ends in a fault."""
    catalogue = templates(verification.__name__)
    raised = codes()
    assert len(raised) > 50
    for code, values in raised.items():
        assert code in catalogue, code
        assert "*" in values or places(catalogue[code]["en"]) <= values, code
