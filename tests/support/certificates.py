"""Certificates of a test: an authority of its own, and what it signs."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NAME = "danchu.example"
DAY = datetime.timedelta(days=1)


@dataclass
class Authority:
    """Signs certificates for the loopback and one name."""

    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def __post_init__(self) -> None:
        own = x509.BasicConstraints(ca=True, path_length=None)
        self.certificate = self._signed("authority", self.key, own)

    def _signed(
        self, name: str, key: ec.EllipticCurvePrivateKey, extension: x509.ExtensionType
    ) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")])
        builder = x509.CertificateBuilder(issuer, subject, key.public_key())
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - DAY).not_valid_after(now + DAY)
        return builder.add_extension(extension, critical=False).sign(self.key, hashes.SHA256())

    def issue(self, folder: Path) -> Issued:
        """A new certificate with a new key, in files of the folder."""
        key = ec.generate_private_key(ec.SECP256R1())
        loopback = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        names = x509.SubjectAlternativeName([x509.DNSName(NAME), loopback])
        certificate = self._signed(NAME, key, names)
        issued = Issued(folder / "server.pem", folder / "server.key", certificate.serial_number)
        issued.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        issued.key.write_bytes(private_pem(key, serialization.NoEncryption()))
        return issued

    def trust(self) -> ssl.SSLContext:
        """The context of a client that believes this authority alone."""
        return ssl.create_default_context(cadata=self.pem().decode())

    def pem(self) -> bytes:
        """Its own certificate."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)


def private_pem(
    key: ec.EllipticCurvePrivateKey, encryption: serialization.KeySerializationEncryption
) -> bytes:
    """A private key as PEM."""
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, encryption)


@dataclass(frozen=True)
class Issued:
    """The files of a certificate and its key."""

    certificate: Path
    key: Path
    serial: int

    def settings(self) -> dict[str, Path]:
        """The settings of a server that has it."""
        return {"tls_certificate": self.certificate, "tls_key": self.key}
