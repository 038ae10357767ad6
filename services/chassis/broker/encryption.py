"""A client of NATS that keeps its password for encrypted connections, where TLS is set.

A connection without TLS is refused before anything is sent, also where the server, or somebody
between, offers none.
"""

import logging

from nats.aio.client import Client
from nats.errors import Error

from services.chassis.messages import message

END_OF_CONNECTION = "returning true from eof_received() has no effect when using ssl"
"""What asyncio notes at the end of each connection that began without TLS, as those of NATS do."""


def _is_worth_a_line(record: logging.LogRecord) -> bool:
    return record.msg != END_OF_CONNECTION


logging.getLogger("asyncio").addFilter(_is_worth_a_line)


class NatsClient(Client):
    """A client that sends its password over TLS alone, if it was given a context."""

    @property
    def has_greeted(self) -> bool:
        """Whether the server answered at all, if only to refuse the connection."""
        return bool(self._server_info)

    def _connect_command(self) -> bytes:
        # called once the connection is encrypted, and before anything of ours is sent
        if self.options.get("tls") is not None and not self._server_info.get("tls_required"):
            raise Error(message("tls-missing"))
        return super()._connect_command()
