"""Doors as processes: killed under load, abused, and used by the documented clients."""
