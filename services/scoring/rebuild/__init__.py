"""Books folded anew from the ledger, on every core; not the fold of one batch."""
