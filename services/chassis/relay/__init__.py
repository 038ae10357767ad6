"""The way of outbox rows into the stream; not the writing of the outbox."""
