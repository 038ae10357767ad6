"""The layer that the systems of record share: journal, state machine, commands over HTTP."""
