"""The pages of ratings and years as HTML; no rules, no SQL, and nothing of the interface `api`."""
