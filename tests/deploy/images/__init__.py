"""What `make containers` checks of real images with an engine; `make test` leaves it out."""
