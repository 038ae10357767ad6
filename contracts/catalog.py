"""Every event type with its data, producer, stream, retention and the roles that may emit it.

CATALOG has every version. CANONICAL has one version of each short name: the one that rubrics
name, that danchu's services emit, and to which `envelope` converts the data of the others.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec.inspect import BoolType, IntType, LiteralType, StrType, StructType, UnionType

from contracts import awards, decisions, participation, ratings, training, units, violations
from contracts.data import Data, Version

PREFIX = "vn.danchu."
CLEARING = frozenset(
    ("released", "cancelled", "waived", "withdrawn", "closed", "revoked", "overturned")
)
DECISIONS = frozenset(
    ("exemption.approved", "exemption.revoked", "adjustment.decided", "appeal.decided")
)
PRACTICE_MODULES = (training, participation, awards, violations)
_MODULES = (units, *PRACTICE_MODULES, decisions, ratings)
_PRODUCERS = {training: "training", awards: "awards", violations: "violations", ratings: "scoring"}


@dataclass(frozen=True, slots=True)
class EventType:
    """One type and major version; `roles` are those that may send it through the door."""

    short: str
    major: int
    data: type[Data]
    producer: str
    practice: bool
    roles: frozenset[str]

    @property
    def version(self) -> Version:
        """The key in the catalog."""
        return Version(self.short, self.major)

    @property
    def name(self) -> str:
        """Short name and major version, such as training.completed.v1, also used in file names."""
        return f"{self.short}.v{self.major}"

    @property
    def type(self) -> str:
        """The CloudEvents type, such as vn.danchu.training.completed.v1."""
        return f"{PREFIX}{self.name}"

    @property
    def canonical(self) -> bool:
        """Whether it is the version that rubrics read."""
        return self.data.canonical is Data.canonical

    @property
    def domain(self) -> str:
        """The first word of the short name."""
        return self.short.partition(".")[0]

    @property
    def clearing(self) -> bool:
        """Whether it clears a fact, and may therefore name any earlier year."""
        return self.short.partition(".")[2] in CLEARING

    @property
    def decision(self) -> bool:
        """Whether it is a decision of the council."""
        return self.short in DECISIONS

    @property
    def stream(self) -> str:
        """The JetStream stream that carries it."""
        return "RATINGS" if self.domain == "rating" else "EVENTS"

    @property
    def retention(self) -> str:
        """How long the stream keeps it."""
        return "last value per unit and year" if self.domain == "rating" else "for ever"


def _roles(short: str, practice: bool) -> frozenset[str]:
    domain, _, name = short.partition(".")
    if domain in ("year", "rating"):
        return frozenset()
    if short == "event.retracted":
        return frozenset(("emitter", "registrar", "council"))
    if domain == "unit":
        return frozenset(("registrar",))
    roles = set()
    if practice or short in ("declaration.nil", "selfscore.submitted", "appeal.filed"):
        roles.add("emitter")
    if short in DECISIONS or name in ("due", "planned", "waived", "cancelled"):
        roles.add("council")
    return frozenset(roles)


def canonical_versions(kinds: Iterable[EventType]) -> dict[str, EventType]:
    """The canonical version of each short name; ValueError if a name has none, or several."""
    versions: dict[str, EventType] = {}
    shorts = set()
    for kind in kinds:
        shorts.add(kind.short)
        if kind.canonical and versions.setdefault(kind.short, kind) is not kind:
            raise ValueError(f"{kind.name} does not convert to {versions[kind.short].name}")
    missing = sorted(shorts - versions.keys())
    if missing:
        raise ValueError(f"no canonical version: {', '.join(missing)}")
    return versions


CATALOG: dict[Version, EventType] = {
    version: EventType(
        version.short,
        version.major,
        data,
        _PRODUCERS.get(module, "intake"),
        module in PRACTICE_MODULES,
        _roles(version.short, module in PRACTICE_MODULES),
    )
    for module in _MODULES
    for version, data in module.TYPES.items()
}
CANONICAL: dict[str, EventType] = canonical_versions(CATALOG.values())
BY_TYPE: dict[str, EventType] = {kind.type: kind for kind in CATALOG.values()}


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """A data field; `kind` is key, person, text, date, boolean, choice, integer or number."""

    name: str
    kind: str
    choices: tuple[str, ...]
    optional: bool

    @property
    def closed(self) -> bool:
        """Whether its values come from a closed list that is the same for every unit."""
        return self.kind in ("choice", "boolean")


_FIELDS: dict[type[Data], dict[str, FieldInfo]] = {}


def fields(data: type[Data]) -> dict[str, FieldInfo]:
    """The fields of a type's data by name, without `year` and `evidence`."""
    infos = _FIELDS.get(data)
    if infos is None:
        info = msgspec.inspect.type_info(data)
        assert isinstance(info, StructType)
        infos = _FIELDS[data] = {
            field.encode_name: _field(field.encode_name, field.type, not field.required)
            for field in info.fields
            if field.encode_name not in ("year", "evidence")
        }
    return infos


def _field(name: str, type_: Any, optional: bool) -> FieldInfo:
    """Classifies a field by its msgspec type and its annotations."""
    extra: dict[str, Any] = {}
    if isinstance(type_, msgspec.inspect.Metadata):
        extra, type_ = type_.extra_json_schema or {}, type_.type
    if isinstance(type_, UnionType):
        kinds = [t for t in type_.types if not isinstance(t, msgspec.inspect.CustomType)]
        plain = [k.type if isinstance(k, msgspec.inspect.Metadata) else k for k in kinds]
        # an integer or a decimal string
        if any(isinstance(k, IntType) for k in plain) and len(plain) > 1:
            return FieldInfo(name, "number", (), optional)
        return _field(name, kinds[0], optional)
    if isinstance(type_, LiteralType):
        return FieldInfo(name, "choice", tuple(str(v) for v in type_.values), optional)
    if isinstance(type_, BoolType):
        return FieldInfo(name, "boolean", (), optional)
    if isinstance(type_, IntType):
        return FieldInfo(name, "integer", (), optional)
    kind = "date" if extra.get("format") == "date" else extra.get("x-danchu", "text")
    if isinstance(type_, StrType) and kind == "text" and type_.pattern:
        # patterns that begin with a digit are those of decimal strings; the others are unit keys
        kind = "number" if type_.pattern.startswith(("^-?[0-9]", "^[0-9]")) else "key"
    return FieldInfo(name, kind, (), optional)
