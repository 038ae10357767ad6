"""Tests of services/scoring/operations."""
