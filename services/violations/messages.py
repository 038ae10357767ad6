"""The messages of the violations, from `messages.toml`."""

from contracts.messages import catalogue

message = catalogue(__package__)
