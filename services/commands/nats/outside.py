"""The files of NATS servers that a site runs itself, without Kubernetes and without `danchu up`.

A folder for each server, a password file for each user, and the settings with which danchu finds
them. Grants are those of `danchu up`. What is there stays, so the command is run again after a new
credential: it remembers what it was asked for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import msgspec

from services.chassis.errors import DanchuError
from services.chassis.private_files import private_folder, write_private
from services.commands.messages import message
from services.commands.nats import certificates
from services.commands.nats.configuration import accounts_text
from services.commands.nats.grants import DEPLOYED_USERS
from services.commands.nats.password_files import PASSWORDS, password
from services.commands.nats.routes import CLUSTER_PORT, ROUTE_USER, routes_text, store_text
from services.commands.nats.server_settings import LOOPBACK, is_loopback
from services.commands.nats.server_text import ServerText, tls_block
from services.intake.unit_credentials import UnitCredential

PLAN, ENVIRONMENT, SERVER, AUTHORITY = "plan.json", "danchu.env", "server.conf", "authority"
PORT, MONITOR_PORT = 4222, 8222
SERVERS = (1, 3)
HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?", re.ASCII)


class NetworkWithoutTls(DanchuError):
    """Passwords would cross a network in clear text."""

    def __init__(self, host: str) -> None:
        super().__init__(message("nats-config-network", host=host))


class WrongServers(DanchuError):
    """A cluster has one server or three, each under a name of its own."""

    def __init__(self, hosts: Sequence[str]) -> None:
        super().__init__(message("nats-config-hosts", hosts=", ".join(hosts) or "-"))


class WrongHost(DanchuError):
    """A server's name could not stand in an address, or as a folder."""

    def __init__(self, host: str) -> None:
        super().__init__(message("nats-config-host", host=host))


class PlanDamaged(DanchuError):
    """The file that remembers what a folder is made for cannot be read."""

    def __init__(self, file: Path) -> None:
        super().__init__(message("nats-config-plan", file=file))


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a folder is made for: the servers by the name under which they are reached.

    `place` is the folder of the files on each server, `store` that of its JetStream.
    """

    hosts: tuple[str, ...]
    tls: bool = False
    encrypted: bool = False
    place: str = "/etc/nats"
    store: str = "/var/lib/nats"

    def check(self) -> None:
        """WrongServers, WrongHost or NetworkWithoutTls."""
        if len(self.hosts) not in SERVERS or len(set(self.hosts)) < len(self.hosts):
            raise WrongServers(self.hosts)
        for host in self.hosts:
            if not HOST.fullmatch(host) or host in (AUTHORITY, PASSWORDS):
                raise WrongHost(host)
            if not self.tls and not is_loopback(host):
                raise NetworkWithoutTls(host)


@dataclass(frozen=True)
class ServerFolders:
    """The folder of all files, and what it is made for."""

    folder: Path
    plan: Plan

    def write(self, units: Sequence[UnitCredential], now_us: int) -> list[Path]:
        """Writes every file; returns the folders to bring to the servers.

        AuthorityIncomplete if a certificate must be made and its authority cannot sign.
        """
        self.plan.check()
        private_folder(self.folder)
        write_private(self.folder / PLAN, msgspec.json.format(msgspec.json.encode(self.plan)))
        passwords = {user: password(self.folder, user) for user in DEPLOYED_USERS}
        accounts = accounts_text(passwords, units)
        if self.plan.tls:
            certificates.ensure_authority(self.folder / AUTHORITY, now_us)
        for number, host in enumerate(self.plan.hosts):
            self._write_certificate(host, now_us)
            write_private(self.folder / host / SERVER, self._server(number, accounts))
        write_private(self.folder / ENVIRONMENT, self._environment())
        return [self.folder / host for host in self.plan.hosts]

    def _write_certificate(self, host: str, now_us: int) -> None:
        if self.plan.tls:
            authority = self.folder / AUTHORITY
            names = dict.fromkeys((host, "localhost", LOOPBACK))
            certificates.ensure_certificate(authority, self.folder / host, names, now_us)
            trusted = (authority / certificates.CA).read_bytes()
            write_private(self.folder / host / certificates.CA, trusted)

    def _server(self, number: int, accounts: str) -> str:
        plan, host = self.plan, self.plan.hosts[number]
        key = store_text(password(self.folder, "store")) if plan.encrypted else ""
        listen = _address(host)
        tls: dict[str, str | bool] = {
            "cert_file": f"{plan.place}/{certificates.CERTIFICATE}",
            "key_file": f"{plan.place}/{certificates.KEY}",
        }
        return ServerText(
            name=f"nats-{number + 1}",
            listen=f"{listen}:{PORT}",
            monitor=f"{listen}:{MONITOR_PORT}",
            store=f"{plan.store}/jetstream",
            accounts=accounts,
            tls=tls if plan.tls else {},
            jetstream=key,
            more=self._cluster(listen, tls) if len(plan.hosts) > 1 else "",
        ).text()

    def _cluster(self, listen: str, tls: dict[str, str | bool]) -> str:
        ca = f"{self.plan.place}/{certificates.CA}"
        block = tls_block({**tls, "ca_file": ca, "verify": True}) if self.plan.tls else ""
        routes = routes_text(password(self.folder, ROUTE_USER), self.plan.hosts)
        address = f'name: danchu\nlisten: "{listen}:{CLUSTER_PORT}"\nno_advertise: true\n'
        return f"cluster {{\n{address}{block}{routes}}}\n"

    def _environment(self) -> str:
        """The settings of danchu's processes, with passwords as files."""
        hosts, folder = self.plan.hosts, self.folder.absolute()
        settings = {
            "URL": ",".join(f"nats://{host}:{PORT}" for host in hosts),
            "MONITOR": ",".join(f"http://{host}:{MONITOR_PORT}" for host in hosts),
            "REPLICAS": str(len(hosts)),
        }
        if self.plan.tls:
            settings["CA"] = str(folder / AUTHORITY / certificates.CA)
        for user in DEPLOYED_USERS:
            settings[f"{user.upper()}_PASSWORD_FILE"] = str(folder / PASSWORDS / user)
        return "".join(f"DANCHU_NATS_{name}={value}\n" for name, value in settings.items())


def earlier_plan(folder: Path) -> Plan | None:
    """What the folder was made for; None if it is new. PlanDamaged for a file that says nothing."""
    try:
        return msgspec.json.decode((folder / PLAN).read_bytes(), type=Plan)
    except FileNotFoundError:
        return None
    except (msgspec.DecodeError, RecursionError):
        raise PlanDamaged(folder / PLAN) from None


def _address(host: str) -> str:
    """Where the server listens: at its address, or, known by a name, at all of its addresses."""
    try:
        return str(ip_address(host))
    except ValueError:
        return LOOPBACK if is_loopback(host) else "0.0.0.0"
