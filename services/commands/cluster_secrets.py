"""The secrets of a Kubernetes cluster, made in a folder outside of it and of every repository.

Each is a file, and `kustomization.yaml` makes Secrets of them: `kubectl apply -k <folder>`. What
is there stays, so that the folder can be completed after an update, or after `danchu nats` changed
the credentials of departments. It is also a home: the key that signs tokens is in it and never in
the cluster, which verifies by the public key alone.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization

from services.chassis.auth.credentials import TOKENS_FILE, development_issuer, write_tokens
from services.chassis.private_files import private_folder, write_private, write_private_once
from services.chassis.settings import Settings
from services.commands import keys
from services.commands.nats.configuration import accounts_text
from services.commands.nats.credentials import PASSWORD_BYTES
from services.commands.nats.grants import DEVELOPMENT, GRANTS
from services.commands.service_registry import SERVICES
from services.intake.unit_credentials import FILE as CREDENTIALS
from services.intake.unit_credentials import load, save

NAMESPACE = "danchu"
DATABASE, OWNER = "danchu", "danchu"
KUSTOMIZATION = "kustomization.yaml"
PUBLIC_KEY = "keys/public.pem"
NATS_USERS = tuple(user for user in GRANTS if user not in DEVELOPMENT)


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


SECRETS = (
    Secret("database", _pairs("database", SERVICES)),
    Secret("postgresql", (("password", "passwords/postgresql"),)),
    Secret(
        "postgresql-owner",
        (("username", "passwords/owner"), ("password", "passwords/postgresql")),
        "kubernetes.io/basic-auth",
    ),
    Secret("nats-passwords", _pairs("passwords", NATS_USERS)),
    Secret("nats-accounts", (("accounts.conf", "nats/accounts.conf"),)),
    Secret("nats-credentials", ((CREDENTIALS, CREDENTIALS),)),
    Secret("tokens", (("public.pem", PUBLIC_KEY),)),
    Secret("records-keys", (("records.keys", "keys/records.keys"),)),
    Secret("seal", _pairs("keys", ("seal.secret", "seal-keys.txt", "seal-operator.key"))),
)
"""All Secrets to which the manifests refer."""


def make(folder: Path, server: str, parameters: str = "") -> list[str]:
    """Makes what the folder lacks, for a PostgreSQL at `server`; returns the new files.

    `parameters` are appended to each database URL, such as `sslmode=verify-full`.
    """
    private_folder(folder)
    before = _files(folder)
    keys.make(Settings(home=folder))
    _make_public_key(folder)
    if not (folder / TOKENS_FILE).exists():
        write_tokens(folder)
    passwords = {user: _password(folder, user) for user in (*NATS_USERS, "postgresql")}
    _write_once(folder / "passwords" / "owner", OWNER)
    query = f"?{parameters}" if parameters else ""
    url = f"postgresql://{OWNER}:{passwords['postgresql']}@{server}/{DATABASE}{query}"
    for service in SERVICES:
        _write_once(folder / "database" / service, url)
    if not (folder / CREDENTIALS).exists():
        save(folder / CREDENTIALS, [])
    departments = load(folder / CREDENTIALS).values()
    accounts = accounts_text({user: passwords[user] for user in NATS_USERS}, departments)
    write_private(folder / "nats" / "accounts.conf", accounts)
    write_private(folder / KUSTOMIZATION, _kustomization())
    return sorted(str(file.relative_to(folder)) for file in _files(folder) - before)


def _files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def _password(folder: Path, user: str) -> str:
    """The password of a user, which is made once."""
    file = folder / "passwords" / user
    _write_once(file, secrets.token_urlsafe(PASSWORD_BYTES))
    return file.read_text(encoding="utf-8")


def _write_once(file: Path, text: str) -> None:
    if not file.exists():
        write_private_once(file, text.encode())


def _make_public_key(folder: Path) -> None:
    """The public half of the key that signs tokens; an office's own key may stand in its place."""
    public = development_issuer(folder).key.public_key()
    pem = public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    _write_once(folder / PUBLIC_KEY, pem.decode())


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
