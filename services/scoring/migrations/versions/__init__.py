"""The chain, in order of its numbers."""
