"""What services say to one another: the catalog of events and its formats; no service."""
