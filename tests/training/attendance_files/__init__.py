"""Tests of services/training/attendance_files."""
