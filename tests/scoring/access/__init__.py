"""Tests of what interface and pages of scoring share."""
