"""The messages of the door, from `messages.toml`."""

from contracts.messages import catalogue

message = catalogue(__package__)
