"""The messages of the command line, from `messages.toml`."""

from contracts.messages import catalogue

message = catalogue(__package__)
