"""Certificates of NATS servers and of our processes, from an authority of the folder's own.

A site that has an authority puts its own files in their place: a certificate that this one did not
sign stays as it is. The key of the authority signs and is needed nowhere else.
"""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from services.chassis.errors import DanchuError
from services.chassis.private_files import write_private
from services.commands.messages import message

CA, CA_KEY, CERTIFICATE, KEY = "ca.crt", "ca.key", "tls.crt", "tls.key"
NAME = "danchu NATS"
AUTHORITY_DAYS, DAYS, RENEWAL_DAYS = 3650, 825, 180
"""A certificate with fewer days left than RENEWAL_DAYS is replaced by the next run."""
_USAGES = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)
"""A server of a cluster is a client of the others."""


class AuthorityIncomplete(DanchuError):
    """A certificate must be made, and the key of the authority is not in the folder."""

    def __init__(self, file: Path) -> None:
        super().__init__(message("nats-authority-key", file=file))


class CertificateDamaged(DanchuError):
    """A file is no certificate or key that can be used."""

    def __init__(self, file: Path) -> None:
        super().__init__(message("nats-certificate-damaged", file=file))


@dataclass(frozen=True)
class Authority:
    """An authority with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def has_signed(self, certificate: x509.Certificate) -> bool:
        """Whether a certificate is its own work."""
        try:
            certificate.verify_directly_issued_by(self.certificate)
        except (ValueError, TypeError, InvalidSignature):
            return False
        return True

    def sign(
        self, key: ec.EllipticCurvePrivateKey, names: Iterable[str], now: datetime.datetime
    ) -> x509.Certificate:
        """A certificate for the names and addresses."""
        chosen = list(names)
        builder = _builder(chosen[0], key, self.certificate.subject, now, DAYS)
        builder = builder.add_extension(
            x509.SubjectAlternativeName(list(map(_alternative, chosen))), critical=False
        )
        builder = builder.add_extension(x509.ExtendedKeyUsage(_USAGES), critical=False)
        return builder.sign(self.key, hashes.SHA256())


def ensure_authority(folder: Path, now_us: int) -> Path:
    """The certificate of the authority in the folder, which is made once with its key."""
    if not (folder / CA).exists():
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{NAME} authority")])
        builder = _builder(f"{NAME} authority", key, subject, _moment(now_us), AUTHORITY_DAYS)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        _write(folder, CA_KEY, key, CA, builder.sign(key, hashes.SHA256()))
    return folder / CA


def ensure_certificate(authority: Path, folder: Path, names: Iterable[str], now_us: int) -> None:
    """A certificate in `folder` by the authority in the folder `authority`.

    It is made again when it ends soon, or lacks a name; the names that it had stay.
    """
    now, own = _moment(now_us), _load_authority(authority)
    wanted = list(dict.fromkeys(names))
    if (folder / CERTIFICATE).exists():
        present = _load_certificate(folder / CERTIFICATE)
        if own is None or not own.has_signed(present):
            return
        left = present.not_valid_after_utc - now
        listed = _names_of(present)
        if left > datetime.timedelta(days=RENEWAL_DAYS) and set(wanted) <= set(listed):
            return
        wanted = list(dict.fromkeys((*listed, *wanted)))
    if own is None:
        raise AuthorityIncomplete(authority / CA_KEY)
    key = ec.generate_private_key(ec.SECP256R1())
    _write(folder, KEY, key, CERTIFICATE, own.sign(key, wanted, now))


def _load_authority(folder: Path) -> Authority | None:
    """The authority of a folder; None without its key."""
    try:
        key = serialization.load_pem_private_key((folder / CA_KEY).read_bytes(), None)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise CertificateDamaged(folder / CA_KEY) from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise CertificateDamaged(folder / CA_KEY)
    return Authority(_load_certificate(folder / CA), key)


def _load_certificate(file: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(file.read_bytes())
    except ValueError:
        raise CertificateDamaged(file) from None


def _builder(
    name: str, key: ec.EllipticCurvePrivateKey, issuer: x509.Name, now: datetime.datetime, days: int
) -> x509.CertificateBuilder:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(issuer, subject, key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    return builder.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(
        now + datetime.timedelta(days=days)
    )


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _names_of(certificate: x509.Certificate) -> list[str]:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(name.value) for name in names]


def _moment(now_us: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(now_us // 1_000_000, datetime.UTC)


def _write(
    folder: Path, key_name: str, key: ec.EllipticCurvePrivateKey,
    name: str, certificate: x509.Certificate,
) -> None:  # fmt: skip
    """The key first: a certificate without its key would stay for ever."""
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    write_private(folder / key_name, key.private_bytes(pem, form, plain))
    write_private(folder / name, certificate.public_bytes(pem))
