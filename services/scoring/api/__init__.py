"""The routes of scoring and what they take and answer; not how an answer is computed."""
