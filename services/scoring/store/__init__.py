"""The writes in SQL, within the caller's transaction; no rule."""
