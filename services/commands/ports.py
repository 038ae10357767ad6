"""Local ports: whether one is free, and a socket that listens on one."""

import errno
import socket

from services.chassis.errors import DanchuError
from services.commands.messages import message

BACKLOG = 2048


class PortTaken(DanchuError):
    """Another program listens on a required port."""

    def __init__(self, port: int, option: str) -> None:
        self.port = port
        super().__init__(message("port-taken", port=port, option=option))


class PortForbidden(DanchuError):
    """The system reserves a port for the superuser."""

    def __init__(self, port: int) -> None:
        super().__init__(message("port-forbidden", port=port))


class HostWrong(DanchuError):
    """The address to listen on is not one of this machine."""

    def __init__(self, host: str) -> None:
        super().__init__(message("host-wrong", host=host))


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a port of a local address is free; HostWrong for a foreign address."""
    with socket.socket(_family(host)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError:
            raise PortForbidden(port) from None
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise HostWrong(host) from None
            return False
    return True


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def listen(host: str, port: int, option: str) -> socket.socket:
    """A listening socket; PortTaken names the option that selects another port."""
    try:
        return socket.create_server((host, port), family=_family(host), backlog=BACKLOG)
    except PermissionError:
        raise PortForbidden(port) from None
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise HostWrong(host) from None
        raise PortTaken(port, option) from None
