"""Ratings and sheets as files (CSV, XLSX, PDF): types in, bytes out, without database or HTTP."""
