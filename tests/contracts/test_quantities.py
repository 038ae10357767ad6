"""Numbers and sizes are written as the language writes them, in every catalogue."""

from __future__ import annotations

import re

import pytest

from contracts.messages import templates
from contracts.quantities import count_text, size_text
from tests.contracts.test_messages import PACKAGES

OF_SCHEMAS = ("form-document", "form-note")
"""What schemas that are released have in their descriptions."""


@pytest.mark.parametrize(
    ("size", "vi", "en"),
    [
        (0, "0 byte", "0 bytes"), (1, "1 byte", "1 byte"), (1023, "1023 byte", "1023 bytes"),
        (1024, "1 KiB", "1 KiB"), (65536, "64 KiB", "64 KiB"), (524288, "512 KiB", "512 KiB"),
        (1536, "1,5 KiB", "1.5 KiB"), (16 * 2**20, "16 MiB", "16 MiB"),
        (2**20 - 1, "1.023,9 KiB", "1,023.9 KiB"),
        (3 * 2**40, "3 TiB", "3 TiB"), (5000 * 2**40, "5.000 TiB", "5,000 TiB"), ("x", "x", "x"),
    ],
)  # fmt: skip
def test_a_size_has_the_largest_unit_of_which_there_is_one(size: object, vi: str, en: str) -> None:
    """With one decimal where it is not whole, and never rounded up."""
    assert (size_text(size, "vi"), size_text(size, "en")) == (vi, en)


def test_a_count_has_its_thousands_apart() -> None:
    """As people of each language write it; a text stays as it is."""
    assert (count_text(10_000, "vi"), count_text(10_000, "en")) == ("10.000", "10,000")
    assert (count_text(-1234, "vi"), count_text("7,5", "en")) == ("−1.234", "7,5")


@pytest.mark.parametrize("package", PACKAGES)
def test_a_number_that_decides_a_plural_is_written_as_a_count_or_a_size(package: str) -> None:
    """`{most} {most:event|events}` would print 10000; bytes are never printed as they are."""
    for code, sentences in templates(package).items():
        if code in OF_SCHEMAS:
            continue
        counted = set(re.findall(r"\{(\w+):[^{}]*\|", "".join(sentences.values())))
        for text in sentences.values():
            bare = set(re.findall(r"\{(\w+)\}", text)) & counted
            assert not bare, (package, code, bare)
            assert not re.search(r"\{\w+\} (byte|bytes|KiB|MiB|KB|MB)\b", text), (package, code)
