"""One rating explained, indicator by indicator, with what would lift it; pure."""
