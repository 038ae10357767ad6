"""The messages of `danchu verify`, from `messages.toml`."""

from contracts.messages import catalogue

message = catalogue(__package__)
