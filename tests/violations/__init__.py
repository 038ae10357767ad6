"""Tests of the system of record of violations."""
