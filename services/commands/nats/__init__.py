"""NATS as danchu needs it: who may publish and hear what. Not the connection, which is chassis'."""
