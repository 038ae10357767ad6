"""The operator's commands and monitoring of scoring; queries for HR are elsewhere."""
