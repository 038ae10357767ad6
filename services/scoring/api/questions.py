"""What answers questions over NATS: about a receipt, for names of units, and for one rating."""

from functools import partial

from services.chassis.read_log import ReadLog
from services.scoring.api.rating_question import rating_answers
from services.scoring.readmodel.reader import Reading
from services.scoring.readmodel.receipts import Receipts
from services.scoring.readmodel.unit_names import unit_names
from services.scoring.settings import SERVICE, ScoringSettings
from services.scoring.subscribers.rating_questions import RatingResponder
from services.scoring.subscribers.service_questions import ServiceResponder


def responders(
    settings: ScoringSettings, reading: Reading, reads: ReadLog
) -> tuple[ServiceResponder, RatingResponder]:
    """Both, not connected yet, each with a connection of its own."""
    access = settings.nats(SERVICE)
    return (
        ServiceResponder(
            access, Receipts(reading.db, reading.versions), partial(unit_names, reading)
        ),
        RatingResponder(access, rating_answers(reading, reads)),
    )
