"""Tests of services/chassis/auth."""
