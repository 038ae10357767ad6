"""Random walks through the systems of record, with planted faults."""
