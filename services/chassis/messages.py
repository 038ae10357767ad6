"""The messages of the chassis, from `messages.toml`."""

from contracts.messages import catalogue

message = catalogue(__package__)
