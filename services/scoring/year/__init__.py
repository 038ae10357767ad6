"""The year's stages and its seal, pure: no clock, no I/O, no SQL."""
