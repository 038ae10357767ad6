"""How long a seal takes to be put together and to be verified, without a database."""

from __future__ import annotations

import itertools
import time
from dataclasses import replace
from typing import NamedTuple

from contracts import envelope, moments
from contracts.envelope import Recorded
from services.scoring.operations.recomputation import recompute, sealed_rating
from services.scoring.ratings import recount
from services.scoring.ratings.json import rating_members
from services.scoring.rubrics import loader
from services.scoring.year import notes, seal
from services.scoring.year.keys import Role, SigningKey, key_name
from services.scoring.year.seal import DecisionEntry, GoverningRubric, YearHead
from services.scoring.year.verify.files import check
from services.scoring.year.verify.tree import root_of
from tests.bench.city import YEAR, City
from tests.bench.exact import NotExact

ORIGIN = "bench.example"
START = moments.instant("2026-01-05T00:00:00Z")
SIGNERS = [
    SigningKey(key_name(ORIGIN, role), bytes([number]) * 32) for number, role in enumerate(Role)
]


class Times(NamedTuple):
    """Seconds: to make log, both roots and bundle; to verify it; to compute its ratings again."""

    seal: float
    verify: float
    recompute: float


def verifying(city: City, entries: int) -> Times:
    """Seals so many events of a city and verifies them; NotExact where a check refuses."""
    events = _events(city, entries)
    rubrics = loader.load_directory(loader.SHIPPED)
    ratings = recount.ratings(recount.Accepted(events), rubrics, YEAR)
    answers = [rating_members(sealed_rating(ratings[unit], 1)) for unit in sorted(ratings)]
    begun = time.perf_counter()
    content = _bundle([event.raw for event in events], answers)
    sealed = time.perf_counter()
    result = check(content, [key.verifier.encode() for key in SIGNERS], _silent)
    checked = time.perf_counter()
    if (result.events, result.ratings) != (len(events), recompute(content, _silent)):
        raise NotExact(f"the bundle proves {result.events} events and {result.ratings} ratings")
    return Times(sealed - begun, checked - sealed, time.perf_counter() - checked)


def _events(city: City, entries: int) -> list[Recorded]:
    """The first distinct events of the city that belong to the year's log."""
    every: dict[bytes, Recorded] = {}
    source = replace(city, events=entries + entries // 10).emitted()
    for number, emitted in enumerate(source):
        event = envelope.decode(emitted.body(START + number * 1000))
        if event.year == YEAR or event.kind.domain == "unit":
            every.setdefault(event.identity, event)
    return list(itertools.islice(every.values(), entries))


def _bundle(bodies: list[bytes], answers: list[dict[str, object]]) -> bytes:
    """What the service makes of a year, without the database."""
    key = seal.salt_key(b"secret", YEAR)
    files = sorted(loader.SHIPPED.glob("*.yaml"))
    rubrics = tuple(GoverningRubric(path.stem, path.read_bytes()) for path in files)
    sealed = DecisionEntry("12/QĐ-UBND", "2026-02-10", "Kết thúc kỳ xếp loại")
    head = YearHead(YEAR, 1, START + 10**12, sealed, rubrics)
    ratings = [seal.rating_entry(answer, key) for answer in answers]
    log = seal.year_log(head, seal.event_entries(bodies, key), ratings)
    if root_of(log.lines) != log.tree.root():
        raise NotExact("two programs come to different roots")
    text = log.head(ORIGIN, head).text
    note = notes.Note(text).signed(*(notes.sign(text, each) for each in SIGNERS)).encode()
    keys = [each.verifier.encode() for each in SIGNERS]
    return seal.bundle(note, log.text, rubrics, keys)


def _silent(count: int, total: int) -> None:
    """Nobody looks on."""
