"""Which certificates a client of danchu believes: those of the settings, or those of the system.

On the machine of the server itself the certificate of its settings is the one that is expected: it
is for another name than that of the loopback, and needs no authority here.
"""

from __future__ import annotations

import ipaddress
import re
import ssl
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from services.chassis.errors import SettingWrong
from services.chassis.messages import message
from services.chassis.settings import Settings

_FIRST = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def trust_of(url: str) -> ssl.SSLContext | None:
    """How the certificate of an https address is verified; None for another address.

    SettingWrong where the file of the setting cannot be read.
    """
    if not url.startswith("https:"):
        return None
    settings = Settings()
    if settings.tls_certificate is not None and _is_here(url, settings):
        return _expecting(_read("DANCHU_TLS_CERTIFICATE", settings.tls_certificate))
    if settings.tls_ca is not None:
        return _of_authorities(_read("DANCHU_TLS_CA", settings.tls_ca))
    return _of_system()


def _is_here(url: str, settings: Settings) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == settings.host or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _read(setting: str, file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        raise SettingWrong(setting, message("file-unreadable", file=file)) from None


@lru_cache(maxsize=2)
def _expecting(certificate: bytes) -> ssl.SSLContext:
    """Believes this certificate alone, whatever its name; of a chain the first one."""
    first = _FIRST.search(certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return _with(context, "DANCHU_TLS_CERTIFICATE", first[0] if first else b"")


@lru_cache(maxsize=2)
def _of_authorities(certificates: bytes) -> ssl.SSLContext:
    return _with(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), "DANCHU_TLS_CA", certificates)


@lru_cache(maxsize=1)
def _of_system() -> ssl.SSLContext:
    return ssl.create_default_context()


def _with(context: ssl.SSLContext, setting: str, certificates: bytes) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(cadata=certificates.decode("ascii"))
    except (ssl.SSLError, ValueError):
        raise SettingWrong(setting, message("tls-no-certificate")) from None
    return context
