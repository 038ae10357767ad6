"""The production topology as real processes on the loopback, and what happens when parts fail."""
