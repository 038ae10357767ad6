"""import-linter finds what its contracts are for, by the seeded faults of the layers."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.architecture.rules.layers import contracts
from tests.architecture.seeds.layers import RECORDS, UPWARD
from tests.architecture.seeds.purity import PURE
from tests.architecture.sources import own_tree

LINTER = Path(sys.executable).parent / "lint-imports"


def linted(folder: Path, texts: Mapping[str, str]) -> str:
    """What import-linter says of our own modules, emptied, with these texts in them."""
    empty = dict.fromkeys((module.path for module in own_tree().code), "")
    pyproject = {"pyproject.toml": own_tree().files["pyproject.toml"]}
    for path, text in {**empty, **texts, **pyproject}.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    run = subprocess.run(
        [LINTER, "--no-cache"], cwd=folder, env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    return run.stdout + run.stderr


def test_every_contract_of_import_linter_is_broken_by_a_seeded_fault(tmp_path: Path) -> None:
    """Imports upwards, of the records, and of I/O where it decides; the mended twin keeps all."""
    number = len(contracts(own_tree()))
    faulty: dict[str, str] = {}
    mended: dict[str, str] = {}
    for seed in (*UPWARD, *RECORDS, *PURE):
        importer = seed.place.rpartition(":")[0]
        faulty |= {importer: faulty.get(importer, "") + seed.faulty[importer]}
        mended |= {importer: mended.get(importer, "") + seed.mended[importer]}
    assert f"Contracts: 0 kept, {number} broken." in linted(tmp_path / "faulty", faulty)
    assert f"Contracts: {number} kept, 0 broken." in linted(tmp_path / "mended", mended)
