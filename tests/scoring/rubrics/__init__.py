"""Tests of services/scoring/rubrics."""
