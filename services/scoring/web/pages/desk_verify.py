"""A seal checked in the browser, and the files of it.

The server checks, by the same code as `danchu verify`: who does not trust the server downloads the
bundle and checks it elsewhere, which the page says.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Annotated, NamedTuple

from fastapi import FastAPI, Query, Request, Response
from pydantic import Field

from contracts.messages import Message
from services.chassis.errors import DanchuError
from services.chassis.http.problems import Problem
from services.chassis.http.validation import Integer
from services.chassis.web.forms import Form
from services.chassis.web.parameters import EMPTY
from services.chassis.web.site import Site, Visit
from services.scoring.access.parameters import Year
from services.scoring.operations.recomputation import ROOTS, prove
from services.scoring.operations.verification import sentences
from services.scoring.readmodel.years import YearView
from services.scoring.sealing.files import (
    DraftUnknown,
    SealDiffers,
    SealPending,
    SealUnknown,
    SecretMissing,
)
from services.scoring.sealing.service import SealService
from services.scoring.web.desk import Desk
from services.scoring.web.messages import message
from services.scoring.web.pages.desk import DeskQuery
from services.scoring.year.verify.bundle import ENTRIES, KEYS, RUBRICS
from services.scoring.year.verify.discrepancies import Discrepancy, UnreadableFile
from services.scoring.year.verify.signatures import NOTE

CHECKS = ("form", "signatures", "entries", "root", "rubrics", "ratings")
"""What is checked of a bundle, each with a sentence of its own."""
ZIP, DRAFT = "application/zip", "draft"
ABSENT: dict[type[DanchuError], int] = {
    SealUnknown: 404, DraftUnknown: 404, SealPending: 503, SecretMissing: 503, SealDiffers: 500,
}  # fmt: skip


class BundleQuery(DeskQuery):
    """Which version, by default the newest."""

    version: Annotated[Integer | None, Field(ge=1, le=999_999), EMPTY] = None


class CheckQuery(DeskQuery):
    """What the form of the check begins with: a version, or the draft."""

    version: str = Field("", max_length=10)


class SealCheck(NamedTuple):
    """What came out: each check with `holds`, `differs` or `open`, and the sentence of all."""

    checks: tuple[tuple[str, str], ...]
    text: Message

    @property
    def holds(self) -> bool:
        """Whether everything holds."""
        return all(state == "holds" for _, state in self.checks)


@dataclass
class Verification:
    """Checks bundles one at a time: it computes every rating of a year again."""

    seals: SealService
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def of_version(self, year: int, version: int | None) -> SealCheck:
        """The check of the bundle that this installation gives out."""
        async with self._lock:
            try:
                content = await self.seals.files.bundle(year, version)
            except SealDiffers as error:
                return _differing("root", error.message)
            name = f"danchu-{year}.zip"
            return await asyncio.to_thread(self._check, content, name)

    async def of_draft(self, year: int) -> SealCheck:
        """The check of what is to be signed, which may lack signatures."""
        async with self._lock:
            content = await self.seals.files.draft_bundle(year)
            return await asyncio.to_thread(self._check, content, f"danchu-{year}-draft.zip", True)

    async def of_file(self, content: bytes, name: str) -> SealCheck:
        """The check of a file that somebody has."""
        async with self._lock:
            return await asyncio.to_thread(self._check, content, name)

    def _check(self, content: bytes, name: str, draft: bool = False) -> SealCheck:
        keys = [each.key.encode() for each in self.seals.keyring.listed()]
        try:
            proved = prove(content, keys, lambda _, __: None, draft)
        except Discrepancy as difference:
            return _differing(check_of(difference), sentences.differs(name, difference))
        except UnreadableFile as error:
            return _differing("form", sentences.unreadable(name, error))
        return SealCheck(
            tuple((check, "holds") for check in CHECKS), sentences.proved(name, proved)
        )


def _differing(check: str, text: Message) -> SealCheck:
    """The check that failed; the check ends there, so that nothing is said of the others."""
    states = ((each, "differs" if each == check else "open") for each in CHECKS)
    return SealCheck(tuple(states), text)


def check_of(difference: Discrepancy) -> str:
    """The check to which a difference belongs."""
    place = difference.place
    if difference.code in ROOTS:
        return "root"
    if place.startswith((NOTE, KEYS, "--key")):
        return "signatures"
    if place.startswith(ENTRIES):
        return "entries"
    if place.startswith(RUBRICS):
        return "rubrics"
    return "ratings" if difference.code.startswith(("rating-", "computation")) else "form"


def add_desk_verify(pages: FastAPI, site: Site, desk: Desk) -> None:
    """The page of the check, and the download of bundles."""
    verification = Verification(desk.seals)

    @pages.get("/desk/{year}/verify")
    async def verify(
        request: Request, year: Year, query: Annotated[CheckQuery, Query()]
    ) -> Response:
        visit = site.visit(request)
        view = await desk.years.view(year)
        return visit.page(
            "desk_verify.html", year=year, form=_blank(visit, query), outcome=None,
            versions=versions(visit, view), keys=desk.seals.keyring.listed(),
        )  # fmt: skip

    @pages.post("/desk/{year}/verify")
    async def run_verify(request: Request, year: Year) -> Response:
        visit = site.visit(request)
        form, view = await visit.sent_form(files=True), await desk.years.view(year)
        file, version = form.files.get("file"), form.text("version")
        if file is not None and file.filename:
            outcome = await verification.of_file(await file.read(), file.filename[:120])
        else:
            outcome = await _checked(verification, visit, year, version)
        return visit.page(
            "desk_verify.html", year=year, form=form, outcome=outcome,
            versions=versions(visit, view), keys=desk.seals.keyring.listed(),
        )  # fmt: skip

    _add_download(pages, site, desk)


def _add_download(pages: FastAPI, site: Site, desk: Desk) -> None:
    files = desk.seals.files

    @pages.get("/desk/{year}/seal.zip")
    async def download_seal(
        request: Request, year: Year, query: Annotated[BundleQuery, Query()]
    ) -> Response:
        site.visit(request)
        return await _zip(files.bundle(year, query.version), f"{year}-{query.version or 'seal'}")

    @pages.get("/desk/{year}/draft.zip")
    async def download_draft(request: Request, year: Year) -> Response:
        site.visit(request)
        return await _zip(files.draft_bundle(year), f"{year}-draft")


async def _zip(bundle: Awaitable[bytes], name: str) -> Response:
    try:
        content = await bundle
    except tuple(ABSENT) as error:
        raise absent_seal(error) from None
    headers = {"content-disposition": f'attachment; filename="danchu-{name}.zip"'}
    return Response(content, headers=headers, media_type=ZIP)


def versions(visit: Visit, view: YearView) -> list[tuple[str, Message]]:
    """What may be checked, the newest first: the draft, by those who may read it, and the seals."""
    numbers = [seal.version for seal in reversed(view.state.seals)]
    sealed = [(str(each), message("desk-seal-version", version=each)) for each in numbers]
    if view.draft is None or not visit.may("GET /desk/{year}/draft.zip"):
        return sealed
    return [(DRAFT, message("desk-draft")), *sealed]


def _blank(visit: Visit, query: CheckQuery) -> Form:
    form = visit.form()
    form.values["version"] = [query.version]
    return form


async def _checked(verification: Verification, visit: Visit, year: int, version: str) -> SealCheck:
    """The check of a version, or of the draft by those who may read it."""
    number = int(version) if version.isascii() and version.isdecimal() else None
    try:
        if version == DRAFT and visit.may("GET /desk/{year}/draft.zip"):
            return await verification.of_draft(year)
        return await verification.of_version(year, number)
    except tuple(ABSENT) as error:
        raise absent_seal(error) from None


def absent_seal(error: DanchuError) -> Problem:
    """Why there is no file of a seal, with its status."""
    return Problem(ABSENT[type(error)], error.message)
