"""Tests of services/training/api."""
