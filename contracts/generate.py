"""Generates the JSON Schemas and the AsyncAPI document: `python -m contracts.generate`."""

from __future__ import annotations

from pathlib import Path

import msgspec

from contracts import asyncapi
from contracts.catalog import CATALOG
from contracts.schema import schema

SCHEMAS = Path(__file__).parent / "schemas"
ASYNCAPI = Path(__file__).parent / "asyncapi.yaml"


def texts() -> dict[str, str]:
    """The text of every schema by its file name, such as training.completed.v1.json."""
    return {
        f"{kind.name}.json": msgspec.json.format(
            msgspec.json.encode(schema(kind), order="deterministic"), indent=1
        ).decode()
        + "\n"
        for kind in CATALOG.values()
    }


def main() -> None:
    """Writes schemas/ and asyncapi.yaml, and deletes schemas that are not in the catalog."""
    SCHEMAS.mkdir(exist_ok=True)
    schemas = texts()
    for path in SCHEMAS.glob("*.json"):
        if path.name not in schemas:
            path.unlink()
    for name, text in schemas.items():
        (SCHEMAS / name).write_text(text, encoding="utf-8")
    ASYNCAPI.write_text(asyncapi.text(), encoding="utf-8")


if __name__ == "__main__":
    main()
