"""Stacks by `danchu up` as people start, stop, carry and break them."""
