"""The connection to NATS, its errors, streams and consumers; not what is published or read."""
