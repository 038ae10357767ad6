"""The intake service: the single entry point for events of systems that keep their own records.

Owns: the identities of accepted events, and its outbox. It owns no facts.
Takes in: CloudEvents, single or in batches, over HTTP and as NATS requests.
Emits: every accepted event, through its outbox, to the stream EVENTS.
"""
