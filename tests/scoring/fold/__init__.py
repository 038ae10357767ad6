"""Tests of services/scoring/fold."""
