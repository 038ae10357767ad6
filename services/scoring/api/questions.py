"""What answers questions over NATS: about a receipt, and for one rating."""

from services.chassis.read_log import ReadLog
from services.scoring.api.rating_question import rating_answers
from services.scoring.readmodel.reader import Reading
from services.scoring.readmodel.receipts import Receipts
from services.scoring.settings import SERVICE, ScoringSettings
from services.scoring.subscribers.rating_questions import RatingResponder
from services.scoring.subscribers.receipt_questions import ReceiptResponder


def responders(
    settings: ScoringSettings, reading: Reading, reads: ReadLog
) -> tuple[ReceiptResponder, RatingResponder]:
    """Both, not connected yet, each with a connection of its own."""
    access = settings.nats(SERVICE)
    return (
        ReceiptResponder(access, Receipts(reading.db, reading.versions)),
        RatingResponder(access, rating_answers(reading, reads)),
    )
