"""Tests of services/scoring/exports."""
