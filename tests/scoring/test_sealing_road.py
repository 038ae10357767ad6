"""A year is sealed over HTTP: the door, a real nats-server, the fold, and both databases."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pypdf
import pytest
from httpx import Response

from contracts import moments
from services.chassis.auth.credentials import Issuer
from services.scoring.rubrics.loader import SHIPPED
from services.scoring.year import notes
from services.scoring.year.keys import ListedKey, SigningKey
from services.scoring.year.verify.files import check
from tests.conftest import NatsServer, eventually
from tests.scoring.road import Road, open_road
from tests.scoring.sealing.town import AUDITOR, OPERATOR
from tests.scoring.test_road import due, published, registered

pytestmark = pytest.mark.anyio
DECISION = {"decision": "2/QĐ", "date": "2026-01-20", "reason": "Chốt kết quả"}
YEAR = "/years/2025"


def rubrics_without_replies(folder: Path) -> Path:
    """The shipped rubrics with no period of replies, so that a year can be sealed at once."""
    folder.mkdir()
    for file in SHIPPED.glob("*.yaml"):
        text = file.read_text(encoding="utf-8").replace("reply_days: 14", "reply_days: 0")
        (folder / file.name).write_text(text, encoding="utf-8")
    return folder


@asynccontextmanager
async def sealing_road(home: Path, url: str, issuer: Issuer, outside: bool) -> AsyncIterator[Road]:
    """The road with keys of the home, or with a list of keys that the server never had."""
    home.mkdir(exist_ok=True)
    seal: dict[str, Any] = {}
    if outside:
        file = home / "listed.txt"
        keys = [ListedKey(each.verifier, each.verifier.role, 0) for each in (OPERATOR, AUDITOR)]  # type: ignore[arg-type]
        file.write_text("".join(f"{each.encode()}\n" for each in keys))
        seal = {"seal_keys": file, "seal_secret": "a secret of the tests"}
    rubrics = rubrics_without_replies(home / "rubrics")
    async with open_road(home, url, issuer, scoring_rubrics=rubrics, **seal) as road:
        yield road


async def post(road: Road, path: str, body: Any, role: str, name: str = "") -> Response:
    """Posts a command to scoring."""
    headers = road.headers(role, name=name or role)
    return await road.client.post(f"/scoring{path}", json=body, headers=headers)


def line_of(note: str, key: SigningKey) -> str:
    """The signature line of a key over a note."""
    return notes.sign(notes.parse(note).text, key).line


async def fold_town(road: Road) -> None:
    """Two communes, one of which did what was due."""
    sent = [registered("H44.1"), registered("H44.2"), due("H44.1", "a"), published("H44.1", "a")]
    receipts = await road.send(sent)
    answer = await road.get("/ratings/2025/H44.1", wait_for=",".join(receipts))
    assert answer.status_code == 200, answer.text
    assert (await post(road, f"{YEAR}/provisional", {**DECISION, "decision": "1/QĐ"}, "council")
            ).status_code == 200  # fmt: skip


async def seal(road: Road, outside: bool) -> str:
    """Both halves; the note of the seal."""
    draft = await post(road, f"{YEAR}/sealed", DECISION, "operator")
    assert draft.status_code == 202, draft.text
    if not outside:
        sealed = await post(road, f"{YEAR}/sealed", {}, "auditor")
    else:
        early = await post(
            road, f"{YEAR}/sealed", {"signature": line_of(draft.json()["note"], AUDITOR)}, "auditor"
        )
        assert early.status_code == 409, early.text
        wrong = await post(
            road,
            f"{YEAR}/sealed",
            {"signature": line_of(draft.json()["note"], AUDITOR)},
            "operator",
        )
        assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "signature")
        half = {"signature": line_of(draft.json()["note"], OPERATOR)}
        signed = await post(road, f"{YEAR}/sealed", half, "operator")
        assert signed.status_code == 202 and signed.json()["note"].endswith(
            f"{half['signature']}\n"
        )
        line = {"signature": line_of(draft.json()["note"], AUDITOR)}
        same = await post(road, f"{YEAR}/sealed", line, "auditor", "operator")
        assert same.status_code == 403
        preview = await road.get(f"{YEAR}/seal.zip", "auditor", version="draft")
        assert preview.status_code == 200
        assert (await road.get(f"{YEAR}/seal.zip", "hr", version="draft")).status_code == 403
        sealed = await post(road, f"{YEAR}/sealed", line, "auditor")
    assert sealed.status_code == 200, sealed.text
    return str(sealed.json()["note"])


async def test_a_year_is_published_sealed_and_proved(
    home: Path, database_url: str, issuer: Issuer, provisioned: NatsServer
) -> None:
    """With keys of the home on SQLite, and with keys that the server never saw on PostgreSQL.

    The sheet to be signed names the root and the address at which the proof is.
    """
    outside = not database_url.startswith("sqlite")
    async with sealing_road(home, database_url, issuer, outside) as road:
        early = await post(road, f"{YEAR}/sealed", DECISION, "operator")
        assert early.status_code == 409, early.text
        assert early.json()["because"][0]["kind"] == "year"
        assert (await road.get(f"{YEAR}/seal.zip")).status_code == 404
        assert (await post(road, f"{YEAR}/sealed", DECISION, "auditor")).status_code == 403
        assert (await post(road, f"{YEAR}/sealed", {}, "operator")).status_code == 422
        await fold_town(road)
        note = await seal(road, outside)
        keys = [each["key"] for each in (await road.client.get("/scoring/keys")).json()["items"]]
        bundle = await road.get(f"{YEAR}/seal.zip")
        check(bundle.content, keys, lambda *_: None)
        proof = await road.get(f"{YEAR}/seal/H44.1", "reader", claims={"units": ["H44.1"]})
        check(proof.content, keys, lambda *_: None)
        other = await road.get(f"{YEAR}/seal/H44.2", "reader", claims={"units": ["H44.1"]})
        assert (proof.json()["note"], other.status_code) == (note, 403)
        rating = (await road.get("/ratings/2025/H44.1")).json()
        (entry,) = [
            each for each in map(json.loads, (each["line"] for each in proof.json()["entries"]))
            if each["entry"] == "rating"
        ]  # fmt: skip
        assert entry["rating"] == rating and rating["stage"] == "sealed"
        sheet = pypdf.PdfReader(io.BytesIO((await road.get("/ratings/2025/H44.1.pdf")).content))
        words = "".join("".join(page.extract_text() for page in sheet.pages).split())
        address = await road.get(f"{YEAR}/seal/H44.1", version=1)
        assert address.content == proof.content
        assert note.split("\n")[2][:16] in words and str(address.url) in words
        late = await road.send([due("H44.2", "late")])
        await road.get("/ratings/2025/H44.2", wait_for=late[0])
        again = await post(road, f"{YEAR}/sealed", DECISION, "operator")
        assert again.status_code == 202 and note.startswith(again.json()["note"][:-1])
        assert (await road.get(f"{YEAR}/seal.zip", version=1)).content == bundle.content
        year = (await road.get(YEAR)).json()
        assert (year["stage"], year["late"], year["draft"]) == ("sealed", 1, None)


async def test_a_checkpoint_is_made_on_request_and_shown_to_everybody(
    home: Path, issuer: Issuer, provisioned: NatsServer
) -> None:
    """It covers what was recorded by the call, and verifies from outside."""
    url = f"sqlite:///{home / 'scoring.db'}"
    async with sealing_road(home, url, issuer, outside=False) as road:
        await road.send([registered("H44.1"), due("H44.1", "a")])
        called = await post(road, f"{YEAR}/checkpoints", None, "operator")
        assert called.status_code == 201, called.text
        assert called.json()["size"] == 2
        refused = await asyncio.gather(
            *(post(road, f"{YEAR}/checkpoints", None, role) for role in ("hr", "council"))
        )
        assert {each.status_code for each in refused} == {403}
        listed = await road.client.get(f"/scoring{YEAR}/checkpoints")
        assert listed.json()["items"] == [called.json()] and listed.json()["signing"] is True
        keys = [each["key"] for each in (await road.client.get("/scoring/keys")).json()["items"]]
        check(listed.content, keys, lambda *_: None)
        until = moments.instant(called.json()["until"])

        async def folded() -> bool:
            lag = (await road.get("/lag", "operator")).json()
            return bool(lag["folded"] == 3 and until)

        await eventually(folded)
