"""The one door for systems that keep their own records.

Owns: the identities it has accepted, and its outbox. It owns no facts.
Takes in: CloudEvents, one or a batch, over HTTP and as NATS requests.
Emits: every accepted event, by its outbox, to the stream EVENTS.
"""
