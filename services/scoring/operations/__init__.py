"""What the operator does and watches; no query of HR."""
