"""Tests of the pages of scoring, without a browser."""
