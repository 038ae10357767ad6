"""Routes of seals: both halves, the bundle, the proof of a unit, checkpoints, and the keys."""

from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query, Request, Response

from services.chassis.auth.credentials import READS_MACHINERY, Credential, Verifier, require
from services.chassis.errors import DanchuError
from services.chassis.http.problem_answer import answer
from services.chassis.http.problems import FieldError, Problem, wrong_parameters
from services.scoring.access.parameters import UnitCode, Year
from services.scoring.access.seal_body import (
    DropBody,
    SealBody,
    SignatureBody,
    auditor_body,
    operator_body,
)
from services.scoring.access.units import find_unit, wait_for_receipts
from services.scoring.api.access import credential_of
from services.scoring.api.answers import file_answers, json_answer, route_answers
from services.scoring.api.parameters import refuse_repeated
from services.scoring.api.seal_answers import (
    CheckpointAnswer,
    CheckpointListAnswer,
    DraftNoteAnswer,
    KeyListAnswer,
    NoteAnswer,
    ProofAnswer,
    SealVersion,
    checkpoint_members,
    checkpoints_members,
    marks_problem,
)
from services.scoring.messages import message
from services.scoring.readmodel.moment import Moment
from services.scoring.readmodel.reader import Reading
from services.scoring.sealing.checkpoints import OperatorKeyMissing, PastDiffers
from services.scoring.sealing.drafts import KeysMissing
from services.scoring.sealing.fence import MarksBehind
from services.scoring.sealing.files import (
    DraftUnknown,
    SealDiffers,
    SealPending,
    SealUnknown,
    SecretMissing,
)
from services.scoring.sealing.seals import AuditorKeyMissing, SamePerson
from services.scoring.sealing.service import SealService
from services.scoring.sealing.sets import RootsDiffer
from services.scoring.sealing.signatures import SignatureRefused
from services.scoring.year.keys import KeyRefused, Role

_SEALED = (
    "The operator sends the decision and gets a draft (202); where the server has no operator's "
    "key, the operator then sends a `signature` (202). The auditor sends a `signature`, or `{}` "
    "where the auditor's key is in the home, and the year is sealed (200). Both are different "
    "people. The same call again gets the first answer. See docs/seal.md."
)
_BUNDLE = (
    "A ZIP file that `danchu verify` checks without a network, by default of the newest seal; the "
    "same version has the same bytes for ever. `version=draft` (operator, auditor) is what is to "
    "be signed."
)
_PROOF = "It proves that these entries are in the sealed set, not that no other is."
ZIP = "application/zip"
_PROBLEMS = (400, 401, 403, 404, 409, 413, 415, 422, 503)


def _open(model: Any, *statuses: int) -> dict[str, Any]:
    """The answers of a route that needs no token."""
    return {**route_answers(model, *statuses), "openapi_extra": {}}


def _halves(*statuses: int) -> dict[str, Any]:
    """The answers of both halves of a seal."""
    members = route_answers(NoteAnswer, *statuses)
    draft = {"description": "A draft", "model": DraftNoteAnswer}
    return {**members, "responses": {**members["responses"], 202: draft}}


def _nothing(*statuses: int) -> dict[str, Any]:
    """The answers of a route that answers nothing when it is done."""
    members = route_answers(None, *statuses, status=204)
    return {**members, "responses": {**members["responses"], 204: {"description": "Dropped"}}}


def add_seal_routes(api: FastAPI, seals: SealService, verifier: Verifier) -> None:
    """Both halves of a seal, and the drop of a draft."""

    def caller(request: Request) -> Credential:
        """The caller, before the body is judged."""
        return credential_of(request, verifier)

    Caller = Annotated[Credential, Depends(caller)]

    @api.post(
        "/years/{year}/sealed", summary="Seal a year", description=_SEALED,
        **_halves(*_PROBLEMS),
    )  # fmt: skip
    async def seal_year(who: Caller, year: Year, body: SealBody) -> Response:
        name, content = who.name or who.role, body.model_dump(exclude_unset=True)
        if who.role == Role.AUDITOR:
            if content.keys() - {"signature"}:
                require(who, (Role.OPERATOR.value,), message("access-draft-made"))
            line = auditor_body(content).signature
            return json_answer({"note": await seals.seals.seal(year, line, name)})
        half = operator_body(content)
        if isinstance(half, SignatureBody):
            draft = await seals.drafts.sign(year, half.signature, name)
        else:
            draft = await seals.drafts.draw_up(year, half.order(name))
        return json_answer(draft._asdict(), 202)

    @api.delete(
        "/years/{year}/sealed", summary="Drop a draft", **_nothing(*_PROBLEMS),
    )  # fmt: skip
    async def drop_draft(who: Caller, year: Year, body: DropBody) -> Response:
        await seals.drafts.drop(year, body.reason, who.name or who.role)
        return Response(status_code=204)

    _add_errors(api)


def add_seal_file_routes(
    api: FastAPI, seals: SealService, reading: Reading, verifier: Verifier
) -> None:
    """The bundle, and the proof of a unit."""

    @api.get(
        "/years/{year}/seal.zip", summary="The bundle of a seal", description=_BUNDLE,
        **file_answers(ZIP, 401, 403, 404, 409, 422, 503, 504),
    )  # fmt: skip
    async def get_bundle(
        request: Request, year: Year, choice: Annotated[SealVersion, Query()]
    ) -> Response:
        reader = credential_of(request, verifier)
        await wait_for_receipts(reading, choice.wait_for)
        content = await _bundle(seals, reader, year, choice)
        name = f"danchu-{year}-{choice.version or 'seal'}.zip"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(content, headers=headers, media_type=ZIP)

    @api.get(
        "/years/{year}/seal/{unit}", summary="The proof of one unit", description=_PROOF,
        **route_answers(ProofAnswer, 401, 403, 404, 409, 422, 503, 504),
    )  # fmt: skip
    async def get_proof(
        request: Request, year: Year, unit: UnitCode, choice: Annotated[SealVersion, Query()]
    ) -> Response:
        reader = credential_of(request, verifier)
        await wait_for_receipts(reading, choice.wait_for)
        if choice.is_draft:
            raise wrong_parameters([("version", message("seal-proof-draft"))])
        try:
            version = await seals.files.version(year, choice.number)
        except SealUnknown:
            await find_unit(reading, reader, year, unit)  # who may not read it learns no more
            raise
        _, rated = await find_unit(reading, reader, year, unit, Moment(version=version))
        return json_answer(await seals.files.proof(year, rated.key, version))


async def _bundle(seals: SealService, reader: Credential, year: int, choice: SealVersion) -> bytes:
    if not choice.is_draft:
        return await seals.files.bundle(year, choice.number)
    require(reader, READS_MACHINERY, message("access-draft-read"))
    return await seals.files.draft_bundle(year)


def add_checkpoint_routes(api: FastAPI, seals: SealService, verifier: Verifier) -> None:
    """Checkpoints and keys, which everybody may see, and a checkpoint that an operator asks for."""

    @api.get(
        "/keys", summary="The keys that sign seals and checkpoints",
        **_open(KeyListAnswer, 422, 503),
    )  # fmt: skip
    async def get_keys(request: Request) -> Response:
        refuse_repeated(request)
        return json_answer({"items": [key.members() for key in seals.keyring.listed()]})

    @api.get(
        "/years/{year}/checkpoints", summary="The checkpoints of a year",
        **_open(CheckpointListAnswer, 404, 422, 503),
    )  # fmt: skip
    async def list_checkpoints(request: Request, year: Year) -> Response:
        refuse_repeated(request)
        rows = await seals.checkpoints.of_year(year)
        return json_answer(checkpoints_members(rows, seals.checkpoints.can_sign()))

    @api.post(
        "/years/{year}/checkpoints", summary="Make a checkpoint as of now",
        **route_answers(CheckpointAnswer, 401, 403, 404, 409, 422, 503, status=201),
    )  # fmt: skip
    async def make_checkpoint(request: Request, year: Year) -> Response:
        credential_of(request, verifier)
        return json_answer(checkpoint_members(await seals.checkpoints.request(year)), 201)


_STATUS: dict[type[DanchuError], int] = {
    SealUnknown: 404, DraftUnknown: 404, SamePerson: 403,
    SealPending: 503, SecretMissing: 503,
    KeysMissing: 503, OperatorKeyMissing: 503, AuditorKeyMissing: 503,
    KeyRefused: 503, SealDiffers: 500, RootsDiffer: 500, PastDiffers: 500,
}  # fmt: skip
"""The status of each refusal that has no further members."""


def _add_errors(api: FastAPI) -> None:
    for kind, status in _STATUS.items():
        api.add_exception_handler(kind, _answering(status))

    @api.exception_handler(SignatureRefused)
    async def on_signature(_: Request, error: SignatureRefused) -> Response:
        errors: list[FieldError] = [{"field": "signature", "message": error.message}]
        return answer(Problem(422, message("signature-refused"), errors))

    @api.exception_handler(MarksBehind)
    async def on_marks(_: Request, error: MarksBehind) -> Response:
        return answer(marks_problem(error))


def _answering(status: int) -> Any:
    async def handle(_: Request, error: DanchuError) -> Response:
        return answer(Problem(status, error.message))

    return handle
