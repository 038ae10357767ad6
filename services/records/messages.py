"""The messages that the systems of record share, from `messages.toml`."""

from contracts.messages import catalogue

message = catalogue(__package__)
