"""The event catalog of DESIGN section 3 as this generator needs it: fields and their values.

A field is `name` or `name?` (optional) with `:key` (one of a few keys of the unit), `:person`,
`:date`, `:count`, `:amount`, `:flag`, `:text`, `:score`, or a closed list `a|b|c`.
"""

FORMS = "conference|broadcast|portal|social|contest|print|theatre|other"
ACTIONS = "recognised|reviewed|amended"

FIELDS = {
    "roster.assigned": "person:person role:official|board_member|neighbourhood|other",
    "roster.released": "person:person",
    "course.planned": "course:key due?:date topic?:text",
    "course.cancelled": "course:key",
    "course.held": "course:key",
    "training.completed": "person:person course:key topic:democracy|it_skills|other"
    " hours:amount provider?:text",
    "communication.held": f"activity:key form:{FORMS} audience?:count",
    "recommendation.received": "recommendation:key due:date",
    "recommendation.answered": "recommendation:key",
    "disclosure.due": "item:key due?:date",
    "disclosure.waived": "item:key",
    "disclosure.published": "item:key channel:board|portal|meeting|broadcast|other",
    "regulation.due": "document:key due?:date",
    "regulation.issued": "document:key action:issued|reviewed|amended",
    "convention.due": "community:key due?:date",
    "convention.reviewed": f"community:key action:{ACTIONS}",
    "dialogue.held": "dialogue:key led_by_head:flag participants?:count",
    "consultation.held": "consultation:key form:meeting|ballot|opinion_sheet|online|other"
    " invited?:count took_part?:count",
    "conference.held": "conference:key invited:count present:count",
    "petition.received": "petition:key due:date kind?:petition|complaint|denunciation|proposal",
    "petition.withdrawn": "petition:key",
    "petition.resolved": "petition:key",
    "count.reported": "measure:key period:key numerator:amount denominator:amount",
    "result.reported": "result:administrative_reform|professional_tasks score:amount"
    " maximum:amount",
    "oversight.planned": "task:key board:people_inspection|community_investment due?:date",
    "oversight.cancelled": "task:key",
    "oversight.done": "task:key",
    "digital.due": "service:key due?:date",
    "digital.adopted": "service:key",
    "digital.closed": "service:key",
    "feedback.given": "score:score service:key channel:qr|portal|counter",
    "inspection.planned": "inspection:key due?:date",
    "inspection.cancelled": "inspection:key",
    "inspection.held": "inspection:key",
    "model.nominated": "model:key title:text",
    "model.recognised": "model:key level:commune|city|province|nation title?:text",
    "model.replicated": "model:key by:text",
    "model.revoked": "model:key",
    "award.granted": "award:key level:province|ministry|state",
    "award.revoked": "award:key",
    "violation.concluded": "case:key due:date",
    "violation.handled": "case:key severity:reminder|reprimand|warning|dismissal by_head:flag"
    " self_found:flag act?:9.1|9.2|9.3|9.4|9.5",
    "violation.overturned": "case:key",
}

# Obligation, what takes it away, what fulfils it, their key.
DUTIES = (
    ("roster.assigned", "roster.released", "training.completed", "person"),
    ("course.planned", "course.cancelled", "course.held", "course"),
    ("recommendation.received", None, "recommendation.answered", "recommendation"),
    ("disclosure.due", "disclosure.waived", "disclosure.published", "item"),
    ("regulation.due", None, "regulation.issued", "document"),
    ("convention.due", None, "convention.reviewed", "community"),
    ("petition.received", "petition.withdrawn", "petition.resolved", "petition"),
    ("oversight.planned", "oversight.cancelled", "oversight.done", "task"),
    ("digital.due", None, "digital.adopted", "service"),
    ("inspection.planned", "inspection.cancelled", "inspection.held", "inspection"),
    ("violation.concluded", "violation.overturned", "violation.handled", "case"),
)
CLEARING = ("released", "cancelled", "waived", "withdrawn", "closed", "revoked", "overturned")
KINDS = ("commune", "agency", "public_service_unit", "enterprise")


def fields(short: str) -> list[tuple[str, bool, str]]:
    """Name, whether it is optional, and kind of each field of an event."""
    found = []
    for part in FIELDS[short].split():
        name, _, kind = part.partition(":")
        found.append((name.rstrip("?"), name.endswith("?"), kind))
    return found
