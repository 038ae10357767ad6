"""The health of the embedded nats-server, read from its monitoring address."""

import shutil
import urllib.error
import urllib.request

from services.commands.nats.embedded import Embedded

ROOM_BYTES = 64 * 2**20
"""With less room on its disk the server is not restarted because of frozen streams."""
ANSWER_SECONDS = 2


def is_healthy(server: Embedded) -> bool:
    """Whether the server and its streams can be used."""
    return _status(server) == 200


def is_alive(server: Embedded) -> bool:
    """Whether the server need not be restarted.

    After a full disk its streams stay frozen (503) until it restarts; before there is room again a
    restart would not help.
    """
    status = _status(server)
    frozen = status == 503 and shutil.disk_usage(server.config.parent).free >= ROOM_BYTES
    return status is not None and not frozen


def _status(server: Embedded) -> int | None:
    """The status of the server's health; None if it does not answer."""
    try:
        with urllib.request.urlopen(f"{server.monitor}/healthz", timeout=ANSWER_SECONDS) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code
    except OSError:
        return None
