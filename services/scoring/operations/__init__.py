"""What the operator does and watches: rebuild, halt, quarantine, audit, lag; not what HR asks."""
