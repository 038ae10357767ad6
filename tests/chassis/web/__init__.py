"""Tests of what the pages of all services share."""
