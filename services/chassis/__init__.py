"""What every process runs on: settings, database, outbox, broker, HTTP; no word of the domain."""
