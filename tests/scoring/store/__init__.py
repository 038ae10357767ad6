"""Tests of services/scoring/store."""
