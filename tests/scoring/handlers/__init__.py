"""Tests of services/scoring/handlers."""
