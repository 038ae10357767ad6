"""Whole stacks: started, killed, restored. `make drills` runs them, `make test` does not."""
