"""Recomputes whole books from the ledger, on every core; batches are folded by `handlers`."""
