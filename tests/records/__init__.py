"""What the tests of the systems of record share."""
