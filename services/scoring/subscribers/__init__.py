"""The NATS inputs of scoring: events, marks and requests; `handlers` and `store` process them."""
