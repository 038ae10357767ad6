"""The commands of training, each one transaction; no rule and no SQL."""
