"""What persons do in the browser, a module each; `make pages` runs every module."""
