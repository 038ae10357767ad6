"""Why the fold stands still, each with a sentence for people."""

from services.chassis.errors import DanchuError


class FoldHalted(DanchuError):
    """The stream is not the one that was folded so far; `danchu resend` heals it."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(
            f"The fold is halted: {why}. Nothing is lost: run `danchu resend --since <day>` with "
            "a day before the loss; it sends the outboxes again and lifts the halt."
        )


class RubricsReplaced(DanchuError):
    """Another process folds with other rubrics; this one does not fold against it."""

    def __init__(self) -> None:
        super().__init__(
            "The ratings were folded with other rubrics than those of this process. Start every "
            "scoring process with the same rubrics; the first to start folds everything anew."
        )


class UnitNotRated(DanchuError):
    """No unit is known under this key or code, or no rubric rates it in the year."""

    def __init__(self, unit: str, year: int) -> None:
        self.unit, self.year = unit, year
        super().__init__(f"{unit} is not rated in {year}: no such unit, or no rubric fits it.")


class NotQuarantined(DanchuError):
    """No entry of the quarantine has this id."""

    def __init__(self, id_: str) -> None:
        self.id = id_
        super().__init__(
            f"Nothing is quarantined under {id_!r}; `danchu quarantine list` shows ids."
        )


class ReplacedAlready(DanchuError):
    """An entry of the quarantine that an event replaced keeps its link to that event."""

    def __init__(self, id_: str, receipt: str) -> None:
        super().__init__(f"{id_} is replaced already, by the event with receipt {receipt}.")


class WorkerDied(DanchuError):
    """A process that computed books ended; the transaction around it is given up."""

    def __init__(self) -> None:
        super().__init__(
            "a process that folds anew has ended, perhaps for want of memory: nothing was changed"
        )
