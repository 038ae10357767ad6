"""Tests of services/scoring/api."""
