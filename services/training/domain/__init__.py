"""The rules of courses and rosters; pure."""
