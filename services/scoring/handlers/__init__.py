"""What happens to one batch of events in one transaction; not how batches arrive."""
