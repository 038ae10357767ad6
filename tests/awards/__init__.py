"""Tests of the system of record of models and awards."""
