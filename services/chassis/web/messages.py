"""The sentences that the pages of all services share, from `messages.toml`."""

from contracts.messages import catalogue

message = catalogue(__package__)
