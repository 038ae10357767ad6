"""Tests of services/training/handlers."""
