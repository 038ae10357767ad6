"""What the systems of record share: journal, state machine, commands over HTTP; no rule of one."""
