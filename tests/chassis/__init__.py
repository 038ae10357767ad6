"""Tests of what every process runs on."""
