"""The sentences of the pages of awards, from `messages.toml`."""

from contracts.messages import catalogue

message = catalogue(__package__)
