"""The system of record of models and awards (Resolution 21, Điều 4 khoản 5 điểm a, b).

Owns: achievements, their appraisal, recognition, awards, replication and revocation.
Takes in: commands of clerks and of the council over HTTP.
Emits: `model.*` and `award.*`, and `event.retracted` for these, through its outbox, to EVENTS.
"""
