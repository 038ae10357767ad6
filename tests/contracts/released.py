"""The schemas of every version ever released: `python -m tests.contracts.released` adds new ones.

A version that is frozen here is never written again; tests compare the catalog with it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from contracts.catalog import CATALOG
from contracts.schema import schema

RELEASED = Path(__file__).parent / "released.json"


def released() -> dict[str, Any]:
    """The frozen schemas by name, such as training.completed.v1."""
    schemas: dict[str, Any] = json.loads(RELEASED.read_bytes())
    return schemas


def main() -> None:
    """Freeze the versions of the catalog that are not frozen yet."""
    schemas = {kind.name: schema(kind) for kind in CATALOG.values()} | released()
    text = json.dumps(schemas, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    RELEASED.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
