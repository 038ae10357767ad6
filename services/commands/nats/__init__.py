"""Who may publish and hear what over NATS; not the connection, which is the chassis'."""
