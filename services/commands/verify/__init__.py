"""`danchu verify`: reads the file, calls the check, and says what came out."""
