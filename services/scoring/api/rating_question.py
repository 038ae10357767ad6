"""A question for one rating as a message: the same rules and the same answer as over HTTP."""

import logging
from collections.abc import Awaitable, Callable

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contracts import door
from services.chassis.auth.credentials import Credential
from services.chassis.errors import DanchuError, DatabaseAway
from services.chassis.http.peer import use_peer_of
from services.chassis.http.problem_answer import away
from services.chassis.http.problems import RETRY_SECONDS, Problem, wrong_parameters
from services.chassis.http.validation import field_faults
from services.chassis.read_log import ReadLog, ReadsWait
from services.scoring.access.parameters import UNIT_MAX
from services.scoring.access.read_lines import note_rating
from services.scoring.access.units import find_unit
from services.scoring.api.parameters import AsOfText, Past, Version
from services.scoring.errors import NotKnownYet, RubricsReplaced, UnitNotRated, VersionUnknown
from services.scoring.messages import message
from services.scoring.readmodel.reader import Reading

log = logging.getLogger(__name__)

BODY_BYTES_MAX = 4096
VALUES_MAX = 100
PEER = {"client": ("nats", 0)}
"""What the log of reads has as address: the broker does not tell that of who asks."""
Answer = Callable[[Credential, bytes], Awaitable[bytes]]
"""From who asks and the body of the question to the body of the answer."""


class QuestionBody(BaseModel):
    """The question; a field of another name is refused."""

    model_config = ConfigDict(extra="forbid", strict=True)
    year: int = Field(ge=1900, le=9999)
    unit: str = Field(max_length=UNIT_MAX)
    as_of: AsOfText = None
    version: Version = None


def rating_answers(reading: Reading, reads: ReadLog) -> Answer:
    """Answers questions: the rating as over HTTP, or problem details; it raises nothing."""

    async def answer(reader: Credential, body: bytes) -> bytes:
        use_peer_of(PEER)
        try:
            question = read_question(body)
            moment = Past(as_of=question.as_of, version=question.version).moment
            snapshot, unit = await find_unit(reading, reader, question.year, question.unit, moment)
            rating = snapshot.rating_json(unit.key)
            note_rating(reads, reader, question.year, unit.key)
        except Problem as problem:
            return problem.encode()
        except DanchuError as error:
            return _problem(error).encode()
        except Exception as bug:  # as over HTTP: 500 for who asks, details in the log
            return _fault(bug).encode()
        return rating

    return answer


def read_question(body: bytes) -> QuestionBody:
    """The question in a body; Problem 400, 413 or 422, which names the fields."""
    if len(body) > BODY_BYTES_MAX:
        raise Problem(413, message("question-large", most=BODY_BYTES_MAX))
    try:
        return QuestionBody.model_validate(door.parse(body, VALUES_MAX))
    except door.BodyRefused as refused:
        raise Problem(refused.status, refused.detail) from refused
    except ValidationError as invalid:
        errors = [{**error, "loc": ("body", *error["loc"])} for error in invalid.errors()]
        raise wrong_parameters(field_faults(errors)) from None


def _problem(error: DanchuError) -> Problem:
    match error:
        case UnitNotRated() | VersionUnknown():
            return Problem(404, error.message)
        case NotKnownYet():
            return Problem(409, error.message, extra={"known_until": error.known_until})
        case RubricsReplaced() | ReadsWait():
            return Problem(503, error.message, headers={"Retry-After": RETRY_SECONDS})
        case DatabaseAway():
            return away(error)
    return _fault(error)


def _fault(bug: Exception) -> Problem:
    log.error("a question failed", exc_info=bug)
    return Problem(500, message("question-failed"))
