"""What scoring hears over NATS: events, marks, questions; not what becomes of them."""
