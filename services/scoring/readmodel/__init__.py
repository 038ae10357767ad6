"""What is asked of scoring, answered as of a commit; no HTTP."""
