"""What pages of the systems of record share: calls of their own interface; no page of one kind."""
