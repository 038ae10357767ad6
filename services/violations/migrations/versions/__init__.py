"""The numbered chain of migrations of the violations."""
