"""Logs the return of lost connections to a database."""

import logging

from sqlalchemy import Engine, event

log = logging.getLogger(__name__)


def log_reconnection(engine: Engine, name: str) -> None:
    """Logs one line when the engine connects again after a loss."""
    lost = False

    def on_loss(*_: object) -> None:
        nonlocal lost
        lost = True

    def on_connect(*_: object) -> None:
        nonlocal lost
        if lost:
            log.info("the database is connected again", extra={"database": name})
        lost = False

    event.listen(engine, "invalidate", on_loss)
    event.listen(engine, "connect", on_connect)
