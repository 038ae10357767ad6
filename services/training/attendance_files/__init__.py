"""Rosters and attendance as files of spreadsheets; not what is recorded of them."""
