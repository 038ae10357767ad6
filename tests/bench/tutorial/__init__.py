"""What a user would write instead, after the tutorials of its libraries: the baseline.

A FastStream subscriber per message with a pydantic model, a session of SQLAlchemy's ORM, a commit
per event; one stored rating over FastAPI. Deduplication, ledger, facts and tallies are those of
danchu in plain form: it leaves out mergers, lateness, and first times.
"""
