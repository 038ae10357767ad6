"""Tests of services/scoring/sealing."""
