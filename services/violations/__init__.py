"""The system of record of violations and their handling (Resolution 21, Điều 4 khoản 5 điểm c, d).

Owns: cases, from the report to the final decision, their texts and their legal terms.
Takes in: commands of clerks and of the council over HTTP.
Emits: `violation.*`, and `event.retracted` for these, through its outbox, to EVENTS.
"""
