"""The files of TLS to NATS: whom we trust, and the certificate that we show."""

import ssl
from dataclasses import dataclass
from pathlib import Path

from services.chassis.errors import SettingWrong
from services.chassis.messages import message

CA, CERTIFICATE, KEY = "DANCHU_NATS_CA", "DANCHU_NATS_CERTIFICATE", "DANCHU_NATS_KEY"


@dataclass(frozen=True)
class TlsFiles:
    """The files of TLS: `ca` verifies the server, `certificate` and `key` are our own."""

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def context(self) -> ssl.SSLContext | None:
        """A context with what the files contain now; None without any file.

        SettingWrong for one that cannot be used.
        """
        if not (self.ca or self.certificate or self.key):
            return None
        if (self.certificate is None) != (self.key is None):
            alone = KEY if self.certificate is None else CERTIFICATE
            raise SettingWrong(alone, message("tls-pair"))
        try:
            context = ssl.create_default_context(cafile=self.ca)
        except (OSError, ValueError):
            raise SettingWrong(CA, message("tls-ca", file=self.ca)) from None
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.certificate is not None:
            try:
                context.load_cert_chain(self.certificate, self.key)
            except (OSError, ValueError):
                why = message("tls-certificate", file=self.certificate, key=self.key)
                raise SettingWrong(CERTIFICATE, why) from None
        return context


NO_FILES = TlsFiles()
