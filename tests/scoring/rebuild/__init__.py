"""Tests of services/scoring/rebuild."""
