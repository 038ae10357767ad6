"""Ratings and sheets as files: CSV, XLSX and PDF. Types in, bytes out; no database, no HTTP."""
