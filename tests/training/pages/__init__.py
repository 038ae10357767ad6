"""Tests of the pages of training, without a browser."""
