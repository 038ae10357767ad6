"""Tests of services/chassis/broker."""
