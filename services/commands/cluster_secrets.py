"""The secrets of a Kubernetes cluster, made in a folder outside of it and of every repository.

Each is a file, and `kustomization.yaml` makes Secrets of them: `kubectl apply -k <folder>`. What
is there stays, so that the folder can be completed after an update, or after `danchu nats` changed
the credentials of departments or `danchu account` those of persons. It is also a home: the key that
signs tokens is in it and never in the cluster, which verifies by the public key alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

from cryptography.hazmat.primitives import serialization

from services.chassis.auth.accounts import ACCOUNTS_FILE, write_accounts
from services.chassis.auth.credentials import TOKENS_FILE, development_issuer, write_tokens
from services.chassis.database.url import SSL_FILES, normal_url
from services.chassis.errors import SettingWrong
from services.chassis.private_files import private_folder, write_private
from services.chassis.settings import Settings
from services.commands import keys
from services.commands.messages import message
from services.commands.nats import certificates
from services.commands.nats.configuration import accounts_text
from services.commands.nats.grants import DEPLOYED_USERS
from services.commands.nats.password_files import (
    PASSWORDS,
    files_of,
    password,
    read_password,
    write_once,
)
from services.commands.nats.routes import ROUTE_USER, routes_text, store_text
from services.commands.service_registry import SERVICES
from services.intake.unit_credentials import FILE as CREDENTIALS
from services.intake.unit_credentials import load, save

NAMESPACE = "danchu"
DATABASE, OWNER = "danchu", "danchu"
SERVER = re.compile(r"([A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?", re.ASCII)
"""A PostgreSQL server: a name or an address, and a port."""
KUSTOMIZATION = "kustomization.yaml"
PUBLIC_KEY = "keys/public.pem"
NATS_NODES = tuple(f"nats-{number}.nats-nodes" for number in range(3))
NATS_HOSTS = (
    "nats", f"nats.{NAMESPACE}", f"nats.{NAMESPACE}.svc", f"nats.{NAMESPACE}.svc.cluster.local",
    "nats-nodes", *NATS_NODES, "localhost", "127.0.0.1",
)  # fmt: skip
"""The names of the certificate of NATS; the last two are for a forwarded port."""
NATS_TLS, NATS_CLIENT = "nats-tls", "nats-client"
FORMER_STORE = "store-former"
"""The key of the NATS stores before `store`, for as long as a node may still need it."""


@dataclass(frozen=True)
class Secret:
    """A Secret: its keys, each with the file of the folder whose content it is."""

    name: str
    files: tuple[tuple[str, str], ...]
    type: str = "Opaque"

    def lines(self) -> str:
        """Its entry in the kustomization."""
        files = "".join(f"      - {key}={file}\n" for key, file in self.files)
        return f"  - name: {self.name}\n    type: {self.type}\n    files:\n{files}"


def _pairs(folder: str, names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((name, f"{folder}/{name}") for name in names)


_PAIR = (certificates.CERTIFICATE, certificates.KEY)
SECRETS = (
    Secret("database", _pairs("database", SERVICES)),
    Secret("postgresql", (("password", "passwords/postgresql"),)),
    Secret(
        "postgresql-owner",
        (("username", "passwords/owner"), ("password", "passwords/postgresql")),
        "kubernetes.io/basic-auth",
    ),
    Secret("nats-passwords", _pairs(PASSWORDS, DEPLOYED_USERS)),
    Secret("nats-accounts", (("accounts.conf", "nats/accounts.conf"),)),
    Secret("nats-routes", (("routes.conf", "nats/routes.conf"),)),
    Secret("nats-store", (("store.conf", "nats/store.conf"),)),
    Secret(NATS_TLS, _pairs(NATS_TLS, (certificates.CA, *_PAIR))),
    Secret(NATS_CLIENT, _pairs(NATS_CLIENT, _PAIR)),
    Secret("nats-credentials", ((CREDENTIALS, CREDENTIALS),)),
    Secret("tokens", (("public.pem", PUBLIC_KEY),)),
    Secret("records-keys", (("records.keys", "keys/records.keys"),)),
    Secret("accounts", ((ACCOUNTS_FILE, ACCOUNTS_FILE),)),
    Secret("session-keys", (("sessions.key", "keys/sessions.key"),)),
    Secret("seal", _pairs("keys", ("seal.secret", "seal-keys.txt", "seal-operator.key"))),
)
"""All Secrets to which the manifests refer."""


def make(
    folder: Path, server: str, now_us: int, parameters: str = "", nats_hosts: Sequence[str] = ()
) -> list[str]:
    """Makes what the folder lacks, for a PostgreSQL at `server`; returns new and changed files.

    `parameters` are appended to each database URL, such as `sslmode=verify-full`. `nats_hosts` are
    names of NATS outside of the cluster, for its certificate.
    """
    check_server(server, parameters)
    private_folder(folder)
    before = _contents(folder)
    keys.make(Settings(home=folder))
    _make_public_key(folder)
    if not (folder / TOKENS_FILE).exists():
        write_tokens(folder)
    if not (folder / ACCOUNTS_FILE).exists():
        write_accounts(folder / ACCOUNTS_FILE, ())
    _make_database_urls(folder, server, parameters)
    _make_nats(folder, now_us, nats_hosts)
    write_private(folder / KUSTOMIZATION, _kustomization())
    return sorted(
        str(file.relative_to(folder)) for file, raw in _contents(folder).items()
        if before.get(file) != raw
    )  # fmt: skip


def _contents(folder: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in files_of(folder)}


def check_server(server: str, parameters: str) -> None:
    """SettingWrong for what could not stand in the URL of a database.

    Files that parameters name are those of the pods, and are not looked for.
    """
    if not SERVER.fullmatch(server):
        raise SettingWrong("--database", message("database-server"))
    pairs = parse_qsl(parameters, keep_blank_values=True)
    plain = urlencode([(name, value) for name, value in pairs if name not in SSL_FILES])
    normal_url(_database_url(server, "", plain), "--parameters")


def _database_url(server: str, secret: str, parameters: str) -> str:
    query = f"?{parameters}" if parameters else ""
    return f"postgresql://{OWNER}:{secret}@{server}/{DATABASE}{query}"


def _make_database_urls(folder: Path, server: str, parameters: str) -> None:
    write_once(folder / PASSWORDS / "owner", OWNER)
    url = _database_url(server, password(folder, "postgresql"), parameters)
    for service in SERVICES:
        write_once(folder / "database" / service, url)


def _make_nats(folder: Path, now_us: int, hosts: Sequence[str]) -> None:
    """Accounts, routes, key of the store and certificates of the NATS servers."""
    if not (folder / CREDENTIALS).exists():
        save(folder / CREDENTIALS, [])
    passwords = {user: password(folder, user) for user in DEPLOYED_USERS}
    former = folder / PASSWORDS / FORMER_STORE
    texts = {
        "accounts.conf": accounts_text(passwords, load(folder / CREDENTIALS).values()),
        "routes.conf": routes_text(password(folder, ROUTE_USER), NATS_NODES),
        "store.conf": store_text(
            password(folder, "store"), read_password(former) if former.exists() else None
        ),
    }
    for name, text in texts.items():
        write_private(folder / "nats" / name, text)
    authority = folder / NATS_TLS
    certificates.ensure_authority(authority, now_us)
    certificates.ensure_certificate(authority, authority, (*NATS_HOSTS, *hosts), now_us)
    certificates.ensure_certificate(authority, folder / NATS_CLIENT, (NAMESPACE,), now_us)


def _make_public_key(folder: Path) -> None:
    """The public half of the key that signs tokens; an office's own key may stand in its place."""
    public = development_issuer(folder).key.public_key()
    pem = public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    write_once(folder / PUBLIC_KEY, pem.decode())


def _kustomization() -> str:
    """The kustomization that makes the Secrets; without hashes, since manifests name them."""
    entries = "".join(secret.lines() for secret in SECRETS)
    return f"""apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: {NAMESPACE}
generatorOptions:
  disableNameSuffixHash: true
  labels:
    app.kubernetes.io/part-of: danchu
secretGenerator:
{entries}"""
