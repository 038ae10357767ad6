"""Seals hold the terms of lists, and are verified for ever: these words stay as they are."""

from __future__ import annotations

import pytest

from contracts.messages import templates
from services.scoring.ratings.labels import CODES

TERMS = {
    "kind-commune": ("Xã, phường", "Commune or ward"),
    "kind-agency": ("Cơ quan hành chính", "Administrative agency"),
    "kind-public-service-unit": ("Đơn vị sự nghiệp công lập", "Public service unit"),
    "kind-enterprise": ("Doanh nghiệp nhà nước", "State enterprise"),
    "empty-exempt": ("Được miễn theo quyết định", "Exempt by decision"),
    "empty-nil": ("Đơn vị khai không phát sinh, hưởng trọn điểm", "Declared nil, full points"),
    "empty-full": ("Không phát sinh, hưởng trọn điểm", "Nothing arose, full points by the rubric"),
    "empty-zero": ("Chưa có số liệu, 0 điểm", "Nothing was announced, no points"),
    "empty-exclude": ("Không phát sinh, không tính", "Nothing arose, left out by the rubric"),
    "reason-gate": ("Điều kiện của loại", "Gate of the class"),
    "reason-ceiling": ("Mức trần của loại", "Ceiling of the class"),
    "reason-share": ("Tỷ lệ của loại cao nhất", "Share of the top class"),
    "stage-sealed": ("Đã chốt", "Sealed"),
    "class-plain": ("Loại {name}", "Class {name}"),
    "class-name": ("Loại {name} ({vi})", "Class {name} ({vi})"),
}


@pytest.mark.parametrize("code", TERMS)
def test_a_term_that_seals_hold_keeps_its_words(code: str) -> None:
    """A new wording would make `danchu verify` refuse every seal that was made before."""
    sentences = templates("services.scoring")[code]
    assert (sentences["vi"], sentences["en"]) == TERMS[code]


def test_every_term_of_a_sealed_rating_is_kept() -> None:
    """Kinds, reasons, meanings of empty, and the one stage that a seal has."""
    terms = {code for name in ("kind", "empty", "reason") for code in CODES[name]}
    assert terms <= TERMS.keys()
