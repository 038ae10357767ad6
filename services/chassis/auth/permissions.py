"""What the bearer of a token may do: a role, units, sources and event types."""

from collections.abc import Iterable
from dataclasses import dataclass

ANY = ("*",)
UNIT_SOURCE = "urn:danchu:unit:"
"""The prefix of a unit's default `source`."""

ROLES: dict[str, str] = {
    "emitter": "sends events of its units",
    "registrar": "keeps the register of units",
    "clerk": "works in the systems of record of its units",
    "reader": "reads the ratings of its units",
    "hr": "reads everything",
    "council": "decides on exemptions, adjustments and appeals, and reads everything",
    "auditor": "reads everything, outboxes and quarantine among it",
    "operator": "runs the system and reads everything",
}
READS_ALL = frozenset(("hr", "council", "auditor", "operator"))
READS_MACHINERY = frozenset(("operator", "auditor"))
AUDITS = frozenset(("auditor",))


@dataclass(frozen=True)
class Credential:
    """The permissions of a token's bearer; `expires` and `issued` in seconds since 1970.

    `name` is the bearer as known to the issuer (claim `sub`), `token` the id of the token.
    """

    role: str
    units: frozenset[str] = frozenset(ANY)
    sources: tuple[str, ...] = ANY
    types: frozenset[str] = frozenset(ANY)
    expires: int = 2**53
    name: str = ""
    token: str = ""
    issued: float = 0

    def speaks_for(self, unit: str) -> bool:
        """Whether the unit (its key or a code) is one of the credential's."""
        return "*" in self.units or unit in self.units

    def may_use_source(self, source: str) -> bool:
        """Whether the source begins with one of the credential's prefixes."""
        return any(prefix == "*" or source.startswith(prefix) for prefix in self.sources)

    @property
    def names_sources(self) -> bool:
        """Whether it is restricted to sources, as a credential of single units must be.

        Otherwise a unit could retract events of another, and use its identities.
        """
        return "*" in self.units or not any(map(is_open, self.sources))

    def may_use_type(self, *names: str) -> bool:
        """Whether one of the names of a type (short or full) is one of the credential's."""
        return "*" in self.types or any(name in self.types for name in names)


def own_sources(units: Iterable[str]) -> list[str]:
    """The prefix of `source` of each unit; its last colon keeps H44.1 apart from H44.10."""
    return [f"{UNIT_SOURCE}{unit}:" for unit in units]


def is_open(prefix: str) -> bool:
    """Whether a prefix of `source` matches every source."""
    return prefix.strip() in ("", "*")
