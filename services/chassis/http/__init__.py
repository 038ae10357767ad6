"""The HTTP server, its bounds, problem details and OpenAPI; not the routes of a service."""
