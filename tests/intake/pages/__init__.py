"""Tests of services/intake/pages."""
