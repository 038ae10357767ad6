"""The commands of the year, each one transaction: stages, seals and checkpoints; no HTTP."""
