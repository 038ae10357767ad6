"""Settings of the embedded nats-server: where it listens, its certificate, the key of its store."""

from ipaddress import ip_address
from pathlib import Path

from pydantic import Field

from services.chassis.errors import SettingWrong
from services.chassis.settings import Settings
from services.chassis.tls_files import TlsFiles
from services.commands.messages import message

LOOPBACK = "127.0.0.1"
HOST, CERTIFICATE = "DANCHU_NATS_HOST", "DANCHU_NATS_SERVER_CERTIFICATE"
KEY, CLIENT_CA = "DANCHU_NATS_SERVER_KEY", "DANCHU_NATS_SERVER_CLIENT_CA"


class NatsServerSettings(Settings):
    """`nats_server_client_ca`: the authority of the certificates that clients must show;
    `nats_store_key` encrypts what JetStream stores."""

    nats_host: str = LOOPBACK
    nats_server_certificate: Path | None = None
    nats_server_key: Path | None = None
    nats_server_client_ca: Path | None = None
    nats_store_key: str | None = Field(default=None, repr=False, min_length=16)

    @property
    def is_encrypted(self) -> bool:
        """Whether clients connect by TLS."""
        return self.nats_server_certificate is not None

    def check(self) -> None:
        """SettingWrong for files that cannot be used, and for a network without TLS."""
        if (self.nats_server_certificate is None) != (self.nats_server_key is None):
            raise SettingWrong(CERTIFICATE, message("nats-server-pair", key=KEY))
        if not self.is_encrypted:
            if self.nats_server_client_ca is not None:
                raise SettingWrong(CLIENT_CA, message("nats-server-no-tls"))
            if not is_loopback(self.nats_host):
                raise SettingWrong(HOST, message("nats-server-network"))
            return
        try:
            TlsFiles(None, self.nats_server_certificate, self.nats_server_key).context()
        except SettingWrong:
            file = self.nats_server_certificate
            raise SettingWrong(CERTIFICATE, message("nats-server-files", file=file)) from None
        try:
            TlsFiles(self.nats_server_client_ca).context()
        except SettingWrong:
            why = message("nats-server-files", file=self.nats_server_client_ca)
            raise SettingWrong(CLIENT_CA, why) from None


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address or name."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
