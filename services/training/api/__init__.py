"""The routes of training and what they take and answer."""
