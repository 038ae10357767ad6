"""The sentences that the pages of every system of record share, from `messages.toml`."""

from contracts.messages import catalogue

message = catalogue(__package__)
