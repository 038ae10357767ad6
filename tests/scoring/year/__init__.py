"""Tests of services/scoring/year."""
