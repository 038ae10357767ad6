"""Tests of the rules of courses, rosters and announcements."""
