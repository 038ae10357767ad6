"""Tests of services/scoring/subscribers."""
