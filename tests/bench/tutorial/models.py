"""Messages (pydantic) and tables (SQLAlchemy's ORM) of the tutorial design."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import JSON, BigInteger, DateTime, ForeignKey, Integer, UniqueConstraint, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

COUNTED = BigInteger().with_variant(Integer, "sqlite")
PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000")


class CloudEvent(BaseModel):
    """An event as it stands on the stream."""

    specversion: str
    id: str
    source: str
    type: str
    subject: str
    time: datetime
    recordedtime: datetime
    data: dict[str, Any]


class Base(DeclarativeBase):
    """The tables."""


class Unit(Base):
    """A registered unit; `kind` decides about its rubric."""

    __tablename__ = "units"
    key: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    kind: Mapped[str]


class Code(Base):
    """A further code of a unit."""

    __tablename__ = "codes"
    code: Mapped[str] = mapped_column(primary_key=True)
    unit: Mapped[str] = mapped_column(ForeignKey("units.key"))


class Event(Base):
    """The ledger: every event once."""

    __tablename__ = "events"
    __table_args__ = (UniqueConstraint("source", "event_id"),)
    id: Mapped[int] = mapped_column(COUNTED, primary_key=True)
    source: Mapped[str]
    event_id: Mapped[str]
    type: Mapped[str]
    subject: Mapped[str]
    year: Mapped[int]
    time: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    recorded: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    retracted: Mapped[bool] = mapped_column(default=False)
    data: Mapped[dict[str, Any]] = mapped_column(JSON)


class Fact(Base):
    """What the latest event says about one key."""

    __tablename__ = "facts"
    __table_args__ = (UniqueConstraint("unit", "year", "indicator", "side", "key"),)
    id: Mapped[int] = mapped_column(COUNTED, primary_key=True)
    unit: Mapped[str] = mapped_column(ForeignKey("units.key"))
    year: Mapped[int]
    indicator: Mapped[str]
    side: Mapped[str]
    key: Mapped[str]
    on: Mapped[bool]
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id"), index=True)
    time: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Tally(Base):
    """How many keys of an indicator are on."""

    __tablename__ = "tallies"
    unit: Mapped[str] = mapped_column(ForeignKey("units.key"), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    indicator: Mapped[str] = mapped_column(primary_key=True)
    side: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int] = mapped_column(default=0)


class Rating(Base):
    """One stored rating."""

    __tablename__ = "ratings"
    unit: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    kind: Mapped[str]
    rubric: Mapped[str]
    stage: Mapped[str]
    version: Mapped[int]
    basic: Mapped[str]
    bonus: Mapped[str]
    deduction: Mapped[str]
    adjustment: Mapped[str]
    total: Mapped[str]
    class_name: Mapped[str]
    rank: Mapped[int | None]
    part_year: Mapped[bool]
    scores: Mapped[dict[str, str]] = mapped_column(JSON)
    empty: Mapped[dict[str, str]] = mapped_column(JSON)
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    heads: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    results: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    as_of: Mapped[str | None]
    head_ceiling: Mapped[str | None]
    until: Mapped[str | None]
    successors: Mapped[list[str]] = mapped_column(JSON)
    predecessors: Mapped[list[str]] = mapped_column(JSON)
    labels: Mapped[dict[str, Any]] = mapped_column(JSON)


class RatingOut(BaseModel):
    """One rating as it is answered."""

    model_config = ConfigDict(from_attributes=True)
    unit: str
    year: int
    name: str
    kind: str
    rubric: str
    stage: str
    version: int
    basic: str
    bonus: str
    deduction: str
    adjustment: str
    total: str
    class_name: str
    rank: int | None
    part_year: bool
    scores: dict[str, str]
    empty: dict[str, str]
    reasons: list[dict[str, Any]]
    heads: list[dict[str, Any]]
    results: list[dict[str, Any]]
    as_of: str | None
    head_ceiling: str | None
    until: str | None
    successors: list[str]
    predecessors: list[str]
    labels: dict[str, Any]


def engine(url: str) -> AsyncEngine:
    """The engine with the durability of danchu: PostgreSQL's defaults, SQLite's WAL and FULL."""
    made = create_async_engine(url)
    if made.dialect.name == "sqlite":

        @event.listens_for(made.sync_engine, "connect")
        def on_connect(connection: Any, _: object) -> None:
            cursor = connection.cursor()
            for pragma in PRAGMAS:
                cursor.execute(f"PRAGMA {pragma}")
            cursor.close()

    return made
