"""The system of record of violations and their handling (Resolution 21, Điều 4 khoản 5 điểm c, d).

Owns: cases, from the report to the decision that stands, their words and their terms by law.
Takes in: commands of clerks and of the council over HTTP.
Emits: `violation.*`, and `event.retracted` of its own, by its outbox, to EVENTS.
"""
