"""Traces, metrics and log lines; not what is measured."""
