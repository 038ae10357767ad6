"""Folds all events into facts and tallies, and answers queries about ratings.

Owns: the ledger of all events, and every rating.
Takes in: all events of the stream EVENTS.
Emits, through its outbox: messages that it cannot fold, to the stream QUARANTINE; the last total
of each unit's year, to the stream RATINGS.
"""
