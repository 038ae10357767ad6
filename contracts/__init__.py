"""The contracts between services: the catalog of events and their formats; no service code."""
