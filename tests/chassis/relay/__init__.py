"""Tests of services/chassis/relay."""
