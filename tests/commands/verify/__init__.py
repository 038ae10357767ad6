"""Tests of services/commands/verify."""
