"""Folds all events into facts and tallies, and answers queries about ratings.

Owns: the ledger of all events, and every rating.
Takes in: all events of the stream EVENTS.
Emits: messages that it cannot fold, through its outbox, to the stream QUARANTINE.
"""
