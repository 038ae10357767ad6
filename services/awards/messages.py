"""The messages of the awards, from `messages.toml`."""

from contracts.messages import catalogue

message = catalogue(__package__)
