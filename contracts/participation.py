"""What units do, publish, hold and answer (Điều 4 khoản 2 to 4)."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from contracts.data import Amount, Count, Data, Date, Key, Version, form


class CommunicationHeldV1(Data, frozen=True, kw_only=True):
    """`communication.held`: An activity of communication took place."""

    activity: Key
    form: Literal[
        "conference", "broadcast", "portal", "social", "contest", "print", "theatre", "other"
    ]
    audience: Count | UnsetType = UNSET


class RecommendationReceivedV1(Data, frozen=True, kw_only=True):
    """`recommendation.received`: A recommendation of supervision came in."""

    recommendation: Key
    due: Date


class RecommendationAnsweredV1(Data, frozen=True, kw_only=True):
    """`recommendation.answered`: A recommendation was answered."""

    recommendation: Key


class DisclosureDueV1(Data, frozen=True, kw_only=True):
    """`disclosure.due`: An item must be made public."""

    item: Key
    due: Date | UnsetType = UNSET


class DisclosureWaivedV1(Data, frozen=True, kw_only=True):
    """`disclosure.waived`: An item need not be made public."""

    item: Key


class DisclosurePublishedV1(Data, frozen=True, kw_only=True):
    """`disclosure.published`: An item was made public."""

    item: Key
    channel: Literal["board", "portal", "meeting", "broadcast", "other"]


class RegulationDueV1(Data, frozen=True, kw_only=True):
    """`regulation.due`: A regulation must be issued or reviewed."""

    document: Key
    due: Date | UnsetType = UNSET


class RegulationIssuedV1(Data, frozen=True, kw_only=True):
    """`regulation.issued`: A regulation was issued, reviewed or amended."""

    document: Key
    action: Literal["issued", "reviewed", "amended"]


class ConventionDueV1(Data, frozen=True, kw_only=True):
    """`convention.due`: A community's convention must be reviewed."""

    community: Key
    due: Date | UnsetType = UNSET


class ConventionReviewedV1(Data, frozen=True, kw_only=True):
    """`convention.reviewed`: A community's convention was recognised, reviewed or amended."""

    community: Key
    action: Literal["recognised", "reviewed", "amended"]


class DialogueHeldV1(Data, frozen=True, kw_only=True):
    """`dialogue.held`: A dialogue took place."""

    dialogue: Key
    led_by_head: bool
    participants: Count | UnsetType = UNSET


class ConsultationHeldV1(Data, frozen=True, kw_only=True):
    """`consultation.held`: People or staff gave opinions, discussed or decided on a matter."""

    consultation: Key
    form: Literal["meeting", "ballot", "opinion_sheet", "online", "other"]
    invited: Count | UnsetType = UNSET
    took_part: Count | UnsetType = UNSET


class ConferenceHeldV1(Data, frozen=True, kw_only=True):
    """`conference.held`: The yearly conference of staff took place."""

    conference: Key
    invited: Count
    present: Count


class PetitionReceivedV1(Data, frozen=True, kw_only=True):
    """`petition.received`: A petition came in."""

    petition: Key
    due: Date
    kind: Literal["petition", "complaint", "denunciation", "proposal"] | UnsetType = UNSET


class PetitionWithdrawnV1(Data, frozen=True, kw_only=True):
    """`petition.withdrawn`: A petition was withdrawn."""

    petition: Key


class PetitionResolvedV1(Data, frozen=True, kw_only=True):
    """`petition.resolved`: A petition was resolved."""

    petition: Key


class CountReportedV1(Data, frozen=True, kw_only=True):
    """`count.reported`: A system that counts for itself sends totals."""

    measure: Key
    period: Key
    numerator: Amount
    denominator: Amount


class ResultReportedV1(Data, frozen=True, kw_only=True):
    """`result.reported`: A result that is shown beside the rating and never added."""

    result: Literal["administrative_reform", "professional_tasks"]
    score: Amount
    maximum: Amount


class OversightPlannedV1(Data, frozen=True, kw_only=True):
    """`oversight.planned`: A task of oversight stands in the plan."""

    task: Key
    board: Literal["people_inspection", "community_investment"]
    due: Date | UnsetType = UNSET


class OversightCancelledV1(Data, frozen=True, kw_only=True):
    """`oversight.cancelled`: A planned task of oversight is taken out."""

    task: Key


class OversightDoneV1(Data, frozen=True, kw_only=True):
    """`oversight.done`: A task of oversight was done."""

    task: Key


class DigitalDueV1(Data, frozen=True, kw_only=True):
    """`digital.due`: A digital service must be offered."""

    service: Key
    due: Date | UnsetType = UNSET


class DigitalAdoptedV1(Data, frozen=True, kw_only=True):
    """`digital.adopted`: A digital service is offered."""

    service: Key


class DigitalClosedV1(Data, frozen=True, kw_only=True):
    """`digital.closed`: A digital service is offered no longer."""

    service: Key


class FeedbackGivenV1(Data, frozen=True, kw_only=True):
    """`feedback.given`: Somebody rated a service from 1 to 5."""

    score: Annotated[int, Meta(ge=1, le=5, description=form("form-score"))]
    service: Key
    channel: Literal["qr", "portal", "counter"]


class InspectionPlannedV1(Data, frozen=True, kw_only=True):
    """`inspection.planned`: An inspection stands in the plan."""

    inspection: Key
    due: Date | UnsetType = UNSET


class InspectionCancelledV1(Data, frozen=True, kw_only=True):
    """`inspection.cancelled`: A planned inspection is taken out."""

    inspection: Key


class InspectionHeldV1(Data, frozen=True, kw_only=True):
    """`inspection.held`: An inspection took place."""

    inspection: Key


TYPES: dict[Version, type[Data]] = {
    Version("communication.held", 1): CommunicationHeldV1,
    Version("recommendation.received", 1): RecommendationReceivedV1,
    Version("recommendation.answered", 1): RecommendationAnsweredV1,
    Version("disclosure.due", 1): DisclosureDueV1,
    Version("disclosure.waived", 1): DisclosureWaivedV1,
    Version("disclosure.published", 1): DisclosurePublishedV1,
    Version("regulation.due", 1): RegulationDueV1,
    Version("regulation.issued", 1): RegulationIssuedV1,
    Version("convention.due", 1): ConventionDueV1,
    Version("convention.reviewed", 1): ConventionReviewedV1,
    Version("dialogue.held", 1): DialogueHeldV1,
    Version("consultation.held", 1): ConsultationHeldV1,
    Version("conference.held", 1): ConferenceHeldV1,
    Version("petition.received", 1): PetitionReceivedV1,
    Version("petition.withdrawn", 1): PetitionWithdrawnV1,
    Version("petition.resolved", 1): PetitionResolvedV1,
    Version("count.reported", 1): CountReportedV1,
    Version("result.reported", 1): ResultReportedV1,
    Version("oversight.planned", 1): OversightPlannedV1,
    Version("oversight.cancelled", 1): OversightCancelledV1,
    Version("oversight.done", 1): OversightDoneV1,
    Version("digital.due", 1): DigitalDueV1,
    Version("digital.adopted", 1): DigitalAdoptedV1,
    Version("digital.closed", 1): DigitalClosedV1,
    Version("feedback.given", 1): FeedbackGivenV1,
    Version("inspection.planned", 1): InspectionPlannedV1,
    Version("inspection.cancelled", 1): InspectionCancelledV1,
    Version("inspection.held", 1): InspectionHeldV1,
}
