"""What every process runs on: settings, database, outbox, broker, HTTP, credentials, health.

A closed list of small modules, each used by two services or more. No word of the domain is
known here: a row is a row, a subject is a subject.
"""
