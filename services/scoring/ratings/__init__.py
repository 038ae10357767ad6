"""From tallies to a rating, its reasons and its place in a list; pure."""
