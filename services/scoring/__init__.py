"""Folds every event into facts, tallies and ratings, and answers HR.

Owns: the ledger of what counted, and every rating.
Takes in: all events of the stream EVENTS.
Emits: what breaks the contract, by its outbox, to the stream QUARANTINE.
"""
