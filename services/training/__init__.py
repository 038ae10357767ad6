"""The system of record of rosters and training (Resolution 21, Điều 4 khoản 1).

Owns: persons, rosters, the yearly plan, courses, sessions, attendance and completion.
Takes in: commands of clerks and of the council over HTTP, and attendance lists as files.
Emits: `roster.*`, `course.*`, `training.completed`, and `event.retracted` of its own, by its
outbox, to EVENTS.
"""
