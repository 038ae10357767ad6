"""Plain events of made-up cities, as departments would send them; nothing of the services."""
