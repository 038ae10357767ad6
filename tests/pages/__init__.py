"""Pages in a headless browser, on one stack with the sample city: `make pages`, not `make test`."""
