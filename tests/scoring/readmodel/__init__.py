"""Tests of services/scoring/readmodel."""
