"""Tests of services/commands/nats."""
