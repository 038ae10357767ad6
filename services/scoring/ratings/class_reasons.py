"""Why a class is not the class of the band, in a sentence of each language. Pure."""

from __future__ import annotations

from typing import assert_never

from contracts.messages import Message, join_messages
from services.scoring.messages import message
from services.scoring.ratings.model import CeilingReason, GateReason, Miss, Reason, ShareReason
from services.scoring.ratings.scores import points_text
from services.scoring.ratings.sheet.numbers import figure, percent_of
from services.scoring.rubrics.model import Indicator


def sentence(reason: Reason) -> Message:
    """The reason in words."""
    match reason:
        case GateReason():
            return miss_sentence(reason.misses)
        case CeilingReason():
            return _ceiling_sentence(reason)
        case ShareReason():
            return _share_sentence(reason)
        case _:
            assert_never(reason)


def miss_sentence(misses: tuple[Miss, ...]) -> Message:
    """What falls short of one gate, in words: by indicator, or by group."""
    return join_messages([_miss(miss) for miss in misses])


def _miss(miss: Miss) -> Message:
    single = isinstance(miss.subject, Indicator)
    return message(
        "gate-indicator-missed" if single else "gate-group-missed", name=miss.subject.vi,
        value=percent_of(miss.value), at_least=percent_of(miss.at_least),
    )  # fmt: skip


def _ceiling_sentence(reason: CeilingReason) -> Message:
    name, most = reason.ceiling.vi, reason.ceiling.class_at_most
    if not reason.cases:
        return message("ceiling-applies", name=name, most=most)
    return message("ceiling-applies-cases", name=name, most=most, cases=", ".join(reason.cases))


def _share_sentence(reason: ShareReason) -> Message:
    top, at_most, of = reason.from_class, reason.share.at_most, _share_base(reason)
    if not reason.places:
        return message("share-none", top=top, at_most=at_most, of=of)
    return message(
        "share-exceeded", top=top, at_most=at_most, of=of, places=reason.places,
        place=reason.place, candidates=reason.candidates, behind=figure(points_text(reason.behind)),
    )  # fmt: skip


def _share_base(reason: ShareReason) -> Message:
    """Of which units the share of the top class is taken."""
    match reason.share.of:
        case "rated":
            return message("share-of-rated")
        case "top_two":
            return message("share-of-top-two", top=reason.from_class, second=reason.to_class)
        case "next":
            return message("share-of-next", second=reason.to_class)
        case base:
            assert_never(base)
