"""The errors of scoring, each with a sentence for people."""

from collections.abc import Iterable

from contracts import moments
from contracts.moment_texts import moment_text
from services.chassis.errors import DanchuError
from services.scoring.messages import message


class FoldHalted(DanchuError):
    """The fold is halted until an operator does what the message says.

    `faulty` is None if the stream or the consumer is not the one that was folded so far. Otherwise
    the fold itself failed: because of the event with this identity, or of no single event if the
    identity is empty.
    """

    def __init__(self, reason: str, faulty: bytes | None = None) -> None:
        self.reason, self.faulty = reason, faulty
        code = "fold-halted" if faulty is None else "fold-halted-fault"
        super().__init__(message("fold-halted-event" if faulty else code, why=reason))


class MarksDiffer(DanchuError):
    """Fewer or more events of a door have arrived than it announced."""

    def __init__(self, alarm: str) -> None:
        super().__init__(message("marks-differ", why=alarm))


class FoldBehind(DanchuError):
    """Events of the stream have waited too long for the fold, so ratings lack them."""

    def __init__(self, events: int, seconds: int) -> None:
        super().__init__(message("fold-behind", events=events, seconds=seconds))


class FeedFailed(DanchuError):
    """The feed of ratings fails, so consumers of RATINGS do not get the last states."""

    def __init__(self, fault: str) -> None:
        super().__init__(message("feed-failed", fault=fault))


class FeedUnheard(DanchuError):
    """The stream RATINGS does not answer; the messages of the feed wait, and nothing else does."""

    def __init__(self) -> None:
        super().__init__(message("feed-unheard"))


class DoorUnknown(DanchuError):
    """No door has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(message("door-unknown", door=name))


class DoorSpeaks(DanchuError):
    """The door announced a mark recently, so it is in use and cannot be retired."""

    def __init__(self, name: str) -> None:
        super().__init__(message("door-speaks", door=name))


class RubricsReplaced(DanchuError):
    """The books were folded with other rubrics than those of this process."""

    def __init__(self) -> None:
        super().__init__(message("rubrics-replaced"))


class NotKnownYet(DanchuError):
    """Not all that the doors recorded up to an instant has surely arrived.

    `known_until` is the instant up to which all has.
    """

    def __init__(self, instant: int, known_until: int) -> None:
        self.known_until = moments.rfc3339(known_until)
        as_of, known = (moment_text(each, seconds=True) for each in (instant, known_until))
        super().__init__(message("as-of-not-known", as_of=as_of, known=known))


class VersionUnknown(DanchuError):
    """The year has no sealed version of this number, and it is not the present one."""

    def __init__(self, year: int, version: int) -> None:
        super().__init__(message("version-unknown", year=year, version=version))


class UnitNotRated(DanchuError):
    """No unit has this key or code, or no rubric rates the unit in the year."""

    def __init__(self, unit: str, year: int) -> None:
        self.unit, self.year = unit, year
        super().__init__(message("unit-not-rated", unit=unit, year=year))


class YearUnknown(DanchuError):
    """No rubric rates the year."""

    def __init__(self, year: int) -> None:
        self.year = year
        super().__init__(message("year-unknown", year=year))


class NotQuarantined(DanchuError):
    """No entry of the quarantine has this id."""

    def __init__(self, id_: str) -> None:
        self.id = id_
        super().__init__(message("not-quarantined", id=repr(id_)))


class ReplacedAlready(DanchuError):
    """An event has replaced this entry of the quarantine; the link to it is not overwritten."""

    def __init__(self, id_: str, receipt: str) -> None:
        super().__init__(message("replaced-already", id=id_, receipt=receipt))


class EntryMoved(DanchuError):
    """An entry of the quarantine is no more as the caller saw it; nothing was done."""

    def __init__(self, id_: str) -> None:
        super().__init__(message("entry-moved", id=id_))


class WorkerDied(DanchuError):
    """A worker process of a rebuild ended; the transaction is rolled back."""

    def __init__(self) -> None:
        super().__init__(message("worker-died"))


class DataMoves(DanchuError):
    """The books change too fast for several processes to read them as of one commit."""

    def __init__(self) -> None:
        super().__init__(message("what-if-moving"))


class WhatIfsWait(DanchuError):
    """As many what-ifs wait for their turn as may."""

    def __init__(self) -> None:
        super().__init__(message("what-if-busy"))


class NotHaltedBy(DanchuError):
    """This event does not halt the fold, so it cannot be set aside."""

    def __init__(self, source: str, id_: str) -> None:
        super().__init__(message("not-standing-over", source=source, id=id_))


class ClassUnknown(DanchuError):
    """No rubric of the year has a class of this name."""

    def __init__(self, classes: Iterable[str]) -> None:
        super().__init__(message("parameter-choice", allowed=", ".join(classes)))
