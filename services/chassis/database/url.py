"""Database URLs as people write them: parameters of libpq for PostgreSQL, a file for SQLite.

A URL is validated before anything connects; SettingWrong names the setting and the reason. No
message contains a password.
"""

import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from services.chassis.errors import SettingWrong
from services.chassis.messages import message

POSTGRES_SCHEMES = ("postgresql+asyncpg://", "postgresql://", "postgres://")
SQLITE_SCHEMES = ("sqlite+aiosqlite://", "sqlite://")
NATS_SCHEMES = ("nats", "tls", "ws", "wss")
DRIVER = "postgresql+asyncpg://"
DRIVER_SQLITE = "sqlite+aiosqlite://"
AUTHORITY = re.compile(
    r"(?:[^@/?]*(?:@[^@/?]*)*@)?(?P<host>\[[0-9A-Fa-f:.%]+\]|[^:/?@\[\]]*)(?::(?P<port>[^/?]*))?"
)
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
SSL_FILES = ("sslrootcert", "sslcert", "sslkey", "sslcrl")
SSL = ("sslmode", *SSL_FILES, "sslpassword", "ssl_min_protocol_version", "ssl_max_protocol_version")
DRIVER_OWN = ("prepared_statement_cache_size", "prepared_statement_name_func")
PLAIN = ("host", "port", "user", "password", "application_name", "connect_timeout", "options")
HARMLESS = {
    "channel_binding": ("disable", "prefer"),
    "gssencmode": ("disable", "prefer"),
    "client_encoding": ("utf8", "utf-8", "auto"),
    "keepalives": ("1",),
}
"""Parameters of libpq, with values, that may be ignored since the driver lacks them."""
PARAMETERS = (*SSL, "ssl", *PLAIN, "target_session_attrs", "passfile")
TIMEOUT_SECONDS_MAX = 600


def normal_url(url: str, setting: str = "DANCHU_DATABASE_URL") -> str:
    """The URL with the asynchronous driver in its scheme; SettingWrong for an invalid one."""
    url = url.strip()
    for scheme in POSTGRES_SCHEMES:
        if url.startswith(scheme):
            return DRIVER + _server(url.removeprefix(scheme), setting)
    for scheme in SQLITE_SCHEMES:
        if url.startswith(scheme):
            return DRIVER_SQLITE + _file(url.removeprefix(scheme), setting)
    raise SettingWrong(setting, message("url-scheme"))


def nats_url(url: str, setting: str) -> str:
    """One NATS URL, or several separated by commas; SettingWrong for an invalid one."""
    for server in url.split(","):
        scheme, marked, rest = server.strip().partition("://")
        place = AUTHORITY.fullmatch(rest.rstrip("/"))
        port = place["port"] if place else None
        if not marked or scheme not in NATS_SCHEMES or place is None or not place["host"]:
            raise SettingWrong(setting, message("url-nats"))
        if port is not None and not _is_port(port):
            raise SettingWrong(setting, message("url-port"))
    return url


def _is_port(port: str) -> bool:
    return _is_number(port) and 0 < int(port) < 65536


def file_of(url: str) -> Path | None:
    """The file of a normal URL; None if the database is on a server."""
    if not url.startswith(DRIVER_SQLITE):
        return None
    return Path(url.removeprefix(f"{DRIVER_SQLITE}/"))


def without_password(url: str) -> str:
    """The URL without its password and its parameters, which may contain another."""
    file = file_of(url)
    if file is not None:
        return f"sqlite:///{file}"
    if "," in url:
        return ",".join(without_password(server) for server in url.split(","))
    place = urlsplit(url)
    _, marked, host = place.netloc.rpartition("@")
    user = place.netloc.partition(":")[0].partition("@")[0] if marked else ""
    return urlunsplit((place.scheme, f"{user}@{host}" if user else host, place.path, "", ""))


def split(url: str) -> tuple[str, dict[str, Any]]:
    """A normal URL without its parameters, and the driver arguments that they stand for."""
    plain, _, query = url.partition("?")
    parameters = dict(parse_qsl(query, keep_blank_values=True))
    arguments: dict[str, Any] = {}
    encrypted = {name: value for name, value in parameters.items() if name in SSL}
    if encrypted:  # the driver accepts these in a DSN only
        arguments["dsn"] = f"postgresql://?{urlencode(encrypted, quote_via=quote)}"
    if "connect_timeout" in parameters and int(parameters["connect_timeout"]) > 0:
        arguments["timeout"] = int(parameters["connect_timeout"])
    for name in ("host", "user", "password", "passfile", "target_session_attrs"):
        if name in parameters:
            arguments[name] = parameters[name]
    if "port" in parameters:
        arguments["port"] = int(parameters["port"])
    settings = {
        name: parameters[name] for name in ("application_name", "options") if name in parameters
    }
    if settings:
        arguments["server_settings"] = settings
    own = {name: value for name, value in parameters.items() if name in DRIVER_OWN}
    return (f"{plain}?{urlencode(own)}" if own else plain), arguments


def _file(rest: str, setting: str) -> str:
    path = rest.removeprefix("/")
    if not rest.startswith("/") or path in ("", ":memory:"):
        raise SettingWrong(setting, message("url-file"))
    if "?" in path:
        raise SettingWrong(setting, message("url-file-parameters"))
    return rest


def _server(rest: str, setting: str) -> str:
    """The rest of a PostgreSQL URL, with `ssl=` replaced by libpq's `sslmode=`."""
    authority, marked, query = rest.partition("?")
    place = AUTHORITY.match(authority)
    port = place["port"] if place else None
    path = authority[place.end() :] if place else ""
    if place is None or path[:1] not in ("", "/") or "@" in path:
        raise SettingWrong(setting, message("url-shape"))
    if port and not _is_port(port):
        raise SettingWrong(setting, message("url-port"))
    if not marked:
        return rest
    parameters: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        name, value = _parameter(name, value, setting)
        parameters[name] = value
    needed = {name: value for name, value in parameters.items() if name not in HARMLESS}
    return f"{authority}?{urlencode(needed, quote_via=quote)}" if needed else authority


def _parameter(name: str, value: str, setting: str) -> tuple[str, str]:
    if name == "ssl":
        name = "sslmode"
        value = {"true": "require", "1": "require", "false": "disable", "0": "disable"}.get(
            value.lower(), value
        )
    if name not in (*PARAMETERS, *DRIVER_OWN, *HARMLESS):
        names = ", ".join(PARAMETERS)
        raise SettingWrong(setting, message("url-parameter", name=name[:80], known=names))
    if name == "sslmode":
        _one_of(name, value, SSL_MODES, setting)
    if name in HARMLESS:
        _one_of(name, value.lower(), HARMLESS[name], setting)
    if name in SSL_FILES and not Path(value).is_file():
        raise SettingWrong(setting, message("url-no-file", name=name, file=value))
    if name in ("connect_timeout", "port") and not _is_number(value):
        raise SettingWrong(setting, message("url-number", name=name))
    return name, value


def _is_number(value: str) -> bool:
    return value.isascii() and value.isdecimal() and len(value) <= 5


def _one_of(name: str, value: str, values: tuple[str, ...], setting: str) -> None:
    if value not in values:
        raise SettingWrong(
            setting, message("url-value", name=name, value=value[:80], known=", ".join(values))
        )
