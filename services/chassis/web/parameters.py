"""Parameters of pages: forms send empty fields, which are no filters."""

from pydantic import BeforeValidator

EMPTY = BeforeValidator(lambda value: None if value == "" else value)
"""Reads an empty field as none: `Annotated[str | None, EMPTY]`."""
