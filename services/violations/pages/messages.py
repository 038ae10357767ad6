"""The sentences of the pages of violations, from `messages.toml`."""

from contracts.messages import catalogue

message = catalogue(__package__)
