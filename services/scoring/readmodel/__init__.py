"""Answers to the queries of scoring, as of a commit; no HTTP."""
