"""TLS of the HTTP port: a certificate and its key from files, taken anew when they are renewed."""

from __future__ import annotations

import logging
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509

from services.chassis.changing_file import ChangingFile
from services.chassis.errors import SettingWrong
from services.chassis.messages import message
from services.chassis.settings import Settings
from services.chassis.telemetry.gauges import LatestGauge

CERTIFICATE, KEY = "DANCHU_TLS_CERTIFICATE", "DANCHU_TLS_KEY"
log = logging.getLogger(__name__)
_remaining = LatestGauge(
    "danchu.tls.certificate.remaining", "s", "how long the certificate of the HTTP port is valid"
)


class Certificate:
    """The certificate of a server; `context` serves the newest one to each new connection."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self._files = (ChangingFile(certificate), ChangingFile(key))
        self._note_change()
        self.context = self._newest = self._load()
        self.context.sni_callback = self._choose

    def renew(self) -> None:
        """Takes a renewed certificate; while the files do not fit, the former one stays."""
        _remaining.set((self._expires - datetime.now(UTC)).total_seconds())
        if not self._note_change():
            return
        try:
            self._newest = self._load()
        except SettingWrong as unfit:
            log.error("the renewed certificate cannot be used", extra={"error": str(unfit)})
        else:
            log.info("the certificate was renewed", extra={"file": str(self._files[0].path)})

    def _note_change(self) -> bool:
        """Whether a file changed; each is looked at, so that one change is not two."""
        changes = [file.content() is not None for file in self._files]
        return any(changes)

    def _load(self) -> ssl.SSLContext:
        certificate, key = (file.path for file in self._files)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_RENEGOTIATION
        context.set_alpn_protocols(["http/1.1"])
        try:
            # a key with a password would be asked for on the terminal
            context.load_cert_chain(certificate, key, password=lambda: "")
        except ssl.SSLError:
            raise SettingWrong(CERTIFICATE, message("tls-unfit", key=KEY)) from None
        except OSError as error:
            file = str(error.filename or f"{certificate}, {key}")
            raise SettingWrong(CERTIFICATE, message("file-unreadable", file=file)) from None
        self._expires = x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc
        return context

    def _choose(self, connection: Any, name: str | None, context: ssl.SSLContext) -> None:
        if self._newest is not context:
            connection.context = self._newest


def load_certificate(settings: Settings) -> Certificate | None:
    """The certificate of the settings; None without one. SettingWrong where one cannot be used."""
    certificate, key = settings.tls_certificate, settings.tls_key
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        lacking, other = (CERTIFICATE, KEY) if certificate is None else (KEY, CERTIFICATE)
        raise SettingWrong(lacking, message("setting-together", other=other))
    return Certificate(certificate, key)
