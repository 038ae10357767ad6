"""The sentences of the pages of the intake, from `messages.toml`."""

from contracts.messages import catalogue

message = catalogue(__package__)
