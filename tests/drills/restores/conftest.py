"""Fixture of the operations: a town whose databases and stream can be restored."""

from tests.scoring.operations.conftest import town

__all__ = ["town"]
