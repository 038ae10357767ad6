"""Tests of services/scoring/ratings/sheet."""
