"""Migrations of the scoring service: one numbered chain."""
