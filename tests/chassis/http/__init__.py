"""Tests of services/chassis/http."""
