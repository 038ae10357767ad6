"""Tests of services/chassis/database."""
