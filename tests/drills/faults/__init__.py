"""Faults under load, with real processes: what was acknowledged is there, once, and nothing else.

Bounded in CI; `make faults` runs the same for longer.
"""
