"""Options of commands that say what a person or a token may do: role, units, prefixes of source."""

from __future__ import annotations

from services.commands.messages import message
from services.commands.options import refuse


def source_prefixes(units: list[str], source: list[str] | None) -> list[str]:
    """A token of all units may use any source; one of some units only their own prefixes."""
    from services.chassis.auth.credentials import is_open, own_sources

    if "*" in units:
        return source or ["*"]
    sources = source or own_sources(units)
    if any(map(is_open, sources)):
        raise refuse("--source", message("token-source-open"))
    return sources


def check_bearer(role: str, units: list[str], name: str | None) -> None:
    """Refuses an unknown role, what is no unit, and a name that is too long."""
    from contracts.envelope import UNIT_KEY
    from services.chassis.auth.credentials import NAME_MAX, ROLES

    if role not in ROLES:
        raise refuse("--role", message("one-of", known=", ".join(ROLES)))
    for key in units:
        if key != "*" and not UNIT_KEY.fullmatch(key):
            raise refuse("--unit", message("no-unit", unit=key))
    if name is not None and not (name.strip() and len(name) <= NAME_MAX and name.isprintable()):
        raise refuse("--name", message("name-length", most=NAME_MAX))
