"""Tests of what an installation is deployed with."""
