"""The list of the quarantine: by state and reason, in pages, whatever lies there."""

from __future__ import annotations

from collections import Counter

import pytest

from contracts.bounds import EVENT_BYTES_MAX
from services.scoring.queries import quarantine as queries
from services.scoring.queries.quarantine import EntryPlace, EntryRow
from services.scoring.rubrics.loader import SHIPPED, load_directory
from services.scoring.store import quarantine
from services.scoring.store.quarantine import DROPPED, WAITING, Rejection, Settlement
from tests.scoring.folding import Fold, folding

pytestmark = pytest.mark.anyio
LIMIT = 3


async def pages(fold: Fold, state: str, reason: str | None) -> list[EntryRow]:
    """The entries of all pages."""
    rows: list[EntryRow] = []
    after: EntryPlace | None = None
    while True:
        async with fold.db.read() as conn:
            page = await queries.page(conn, state, reason, after, LIMIT)
        rows += page
        if len(page) < LIMIT:
            return rows
        after = page[-1].place


async def test_each_entry_is_on_one_page_of_its_state_and_reason(database_url: str) -> None:
    """Newest first, those of one instant by id; counts agree; long bytes are left out."""
    async with folding(database_url, load_directory(SHIPPED)) as fold:
        entries = [
            Rejection(("syntax", "contract")[n % 2], "x", f"danchu.events.U{n}.a.b",
                      b"%d" % n, None)
            for n in range(11)
        ]  # fmt: skip
        long = Rejection("syntax", "x", "y", b"z" * (EVENT_BYTES_MAX + 1), None)
        async with fold.db.write() as conn:
            for place, entry in enumerate([*entries, long]):
                await quarantine.add(conn, [entry], place // 4)
            settlement = Settlement(7, "bà Lan\0", "lý do")
            await quarantine.settle(conn, entries[0].id, DROPPED, settlement)
        waiting = await pages(fold, WAITING, None)
        order = [(-row.since, row.id) for row in waiting]
        assert {row.id for row in waiting} == {each.id for each in [*entries[1:], long]}
        assert [since for since, _ in order] == sorted(since for since, _ in order)
        assert len(waiting) == 11
        for reason, number in Counter(row.reason for row in waiting).items():
            of_reason = await pages(fold, WAITING, reason)
            assert len(of_reason) == number and {row.reason for row in of_reason} == {reason}
        (dropped,) = await pages(fold, DROPPED, "syntax")
        assert dropped.id == entries[0].id and await pages(fold, DROPPED, "contract") == []
        assert {row.raw for row in waiting if row.id == long.id} == {b""}
        async with fold.db.read() as conn:
            counts = await queries.counts(conn)
            stored = await queries.entry(conn, entries[0].id)
        assert counts == {("waiting", "syntax"): 6, ("waiting", "contract"): 5,
                          ("dropped", "syntax"): 1}  # fmt: skip
        assert stored is not None and quarantine.readable(stored)["settled_by"] == "bà Lan\ufffd"
