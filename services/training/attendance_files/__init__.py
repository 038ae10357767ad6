"""Rosters and attendance as spreadsheet files: bytes to a table to rows, and back; no records."""
