"""What scoring refuses or stands still over, each with a sentence for people."""

from collections.abc import Iterable

from services.chassis.errors import DanchuError
from services.scoring.messages import message


class FoldHalted(DanchuError):
    """The fold stands still until somebody does what the sentence says.

    The stream is not the one that was folded so far; or the fold fails: over the event whose
    identity is `faulty`, or over no single one where that is empty.
    """

    def __init__(self, why: str, faulty: bytes | None = None) -> None:
        self.why, self.faulty = why, faulty
        code = "fold-halted" if faulty is None else "fold-halted-fault"
        super().__init__(message("fold-halted-event" if faulty else code, why=why))


class MarksDiffer(DanchuError):
    """What a door announced has not arrived, or more than it knows of."""

    def __init__(self, why: str) -> None:
        super().__init__(message("marks-differ", why=why))


class FoldBehind(DanchuError):
    """Events of the stream wait for the fold for so many seconds that ratings lack them."""

    def __init__(self, events: int, seconds: int) -> None:
        super().__init__(message("fold-behind", events=events, seconds=seconds))


class DoorUnknown(DanchuError):
    """No door has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(message("door-unknown", door=name))


class DoorSpeaks(DanchuError):
    """A door that announced something just now is not gone."""

    def __init__(self, name: str) -> None:
        super().__init__(message("door-speaks", door=name))


class RubricsReplaced(DanchuError):
    """Another process folds with other rubrics; this one does not fold against it."""

    def __init__(self) -> None:
        super().__init__(message("rubrics-replaced"))


class UnitNotRated(DanchuError):
    """No unit is known under this key or code, or no rubric rates it in the year."""

    def __init__(self, unit: str, year: int) -> None:
        self.unit, self.year = unit, year
        super().__init__(message("unit-not-rated", unit=unit, year=year))


class NotQuarantined(DanchuError):
    """No entry of the quarantine has this id."""

    def __init__(self, id_: str) -> None:
        self.id = id_
        super().__init__(message("not-quarantined", id=repr(id_)))


class ReplacedAlready(DanchuError):
    """An entry of the quarantine that an event replaced keeps its link to that event."""

    def __init__(self, id_: str, receipt: str) -> None:
        super().__init__(message("replaced-already", id=id_, receipt=receipt))


class WorkerDied(DanchuError):
    """A process that computed books ended; the transaction around it is given up."""

    def __init__(self) -> None:
        super().__init__(message("worker-died"))


class NotStandingOver(DanchuError):
    """The fold does not stand still over this event, so it cannot be set aside."""

    def __init__(self, source: str, id_: str) -> None:
        super().__init__(message("not-standing-over", source=source, id=id_))


class ClassUnknown(DanchuError):
    """No rubric of the year has a class of this name."""

    def __init__(self, classes: Iterable[str]) -> None:
        super().__init__(message("parameter-choice", allowed=", ".join(classes)))
