"""The messages of training, from `messages.toml`."""

from contracts.messages import catalogue

message = catalogue(__package__)
