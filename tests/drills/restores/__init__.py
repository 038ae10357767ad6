"""Databases, streams and whole homes that are lost or restored, each to another moment."""
