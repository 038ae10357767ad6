"""The whole road by black-box tests: real processes, both doors, both databases, kills."""
