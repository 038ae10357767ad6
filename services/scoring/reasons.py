"""Why an event does not count, in a sentence of each language beside the stable word. Pure."""

from __future__ import annotations

from services.scoring import fold
from services.scoring.messages import message

SENTENCES = {
    fold.RETRACTED: ("Sự kiện đã được rút lại.", "The event was retracted."),
    fold.OTHER_SOURCE: (
        "Chỉ rút lại được sự kiện của cùng nguồn; sự kiện được nêu là của nguồn khác.",
        "Only an event of the same source can be retracted; the one it names is another's.",
    ),
    fold.OTHER_SUBJECT: (
        "Chỉ rút lại được sự kiện của cùng chủ thể (subject); sự kiện được nêu thuộc chủ thể khác.",
        "Only an event of the same subject can be retracted; the one it names has another.",
    ),
    fold.RETRACTION_STANDS: (
        "Không rút lại được việc rút lại; hãy gửi một sự kiện mới.",
        "A retraction cannot be retracted; send a new event instead.",
    ),
    fold.UNIT_UNKNOWN: (
        "Đơn vị chưa được đăng ký; sự kiện chỉ được tính sau khi đơn vị đăng ký.",
        "The unit is not registered; the event cannot count before it is.",
    ),
    fold.OUTSIDE_SPAN: (
        "Sự kiện xảy ra ngoài thời gian đơn vị tồn tại.",
        "It happened outside the time in which the unit exists.",
    ),
    fold.NO_RUBRIC: (
        "Không có bộ tiêu chí nào áp dụng cho đơn vị trong năm này.",
        "No rubric governs the unit in this year.",
    ),
    fold.NO_RULE: (
        "Không có quy tắc nào của bộ tiêu chí tính đến sự kiện này.",
        "No rule of the rubric reads this event.",
    ),
    fold.NO_INDICATOR: (
        "Bộ tiêu chí không có tiêu chí cơ bản nào như vậy.",
        "The rubric has no such basic indicator.",
    ),
}
COUNTED = (None, None)
SET_ASIDE = "set aside by the operator"


def told(reason: str | None) -> dict[str, str | None]:
    """The reason in the list of events: the word and its sentences, None where it counts."""
    vi, en = COUNTED if reason is None else SENTENCES[reason]
    return {"reason": reason, "reason_vi": vi, "reason_en": en}


def told_aside(why: str) -> dict[str, str | None]:
    """The reason of an event that ended the fold and was set aside by hand."""
    sentence = message("reason-aside", reason=why)
    return {"reason": SET_ASIDE, "reason_vi": sentence.vi, "reason_en": sentence.en}
