"""Ports of this machine: whether one is free, and a socket that listens on one."""

import errno
import socket

from services.chassis.errors import DanchuError, SettingWrong

BACKLOG = 2048


class PortTaken(DanchuError):
    """Somebody listens on a port that is needed."""

    def __init__(self, port: int, option: str) -> None:
        self.port = port
        super().__init__(
            f"Port {port} is taken by another program: stop it, or take another port with {option}."
        )


class PortForbidden(DanchuError):
    """The system keeps a port for the superuser."""

    def __init__(self, port: int) -> None:
        super().__init__(f"Port {port} is not allowed to this user: take one above 1023.")


def is_free(port: int) -> bool:
    """Whether nobody listens on the port of the loopback."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            raise PortForbidden(port) from None
        except OSError:
            return False
    return True


def listening(host: str, port: int, option: str) -> socket.socket:
    """A socket that listens; PortTaken names the option that chooses another port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except PermissionError:
        raise PortForbidden(port) from None
    except OSError as taken:
        if taken.errno != errno.EADDRINUSE:
            raise SettingWrong("DANCHU_HOST", f"{host}: {taken.strerror}") from None
        raise PortTaken(port, option) from None
