"""Tests of services/chassis/telemetry."""
