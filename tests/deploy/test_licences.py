"""The licences of what danchu runs with: known, listed, and fit for an agency."""

from __future__ import annotations

import hashlib
import tomllib

import pytest

from tests.architecture.sources import ROOT
from tests.deploy.licences import fits, licence, locked, table

APACHE = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"
"""The digest of the text of the Apache License 2.0, as Debian has it."""


def test_every_locked_package_is_listed_with_a_licence_that_fits() -> None:
    """`make generate` writes the page; a package that states no licence is none that fits."""
    strangers = {name: licence(name) for name in locked() if not fits(licence(name))}
    assert strangers == {}
    assert (ROOT / "docs" / "licences.md").read_text(encoding="utf-8") == table()
    assert len(locked()) > 100 and locked()["uvicorn"] == "runs" and locked()["pytest"] == "tests"


@pytest.mark.parametrize(
    ("expression", "well"),
    [
        ("MIT", True), ("MIT AND PSF-2.0", True), ("GPL-3.0-only OR MIT", True),
        ("Apache-2.0 OR (MIT AND BSD-3-Clause)", True), ("GPL-3.0-only", False),
        ("MIT AND AGPL-3.0-only", False), ("LGPL-2.1-only", False), ("", False),
    ],
)  # fmt: skip
def test_a_licence_that_does_not_fit_is_noticed(expression: str, well: bool) -> None:
    """Of alternatives one is enough; of parts each must fit."""
    assert fits(expression) is well


def test_the_licence_of_danchu_is_the_whole_text_and_the_package_names_it() -> None:
    """Nothing was cut or changed."""
    text = (ROOT / "LICENSE").read_bytes()
    assert hashlib.sha256(text).hexdigest() == APACHE
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["license"] == "Apache-2.0" and project["license-files"] == ["LICENSE"]
