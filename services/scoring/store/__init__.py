"""The writes in SQL within the caller's transaction, and the reads they stand on; no rule."""
