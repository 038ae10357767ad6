"""Tests of services/scoring/ratings."""
