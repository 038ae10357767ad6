"""The numbered chain of migrations of training."""
