"""The messages of the exports, from `messages.toml`."""

from contracts.messages import catalogue

message = catalogue(__package__)
