"""The examples for department systems, run against a stack."""
