"""The connection to SQLite or PostgreSQL, its limits and errors; not the tables of a service."""
