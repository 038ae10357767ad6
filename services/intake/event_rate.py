"""How many events a second one token may send over HTTP; a batch counts each of its events."""

from __future__ import annotations

from dataclasses import dataclass

from services.chassis.auth.credentials import Credential
from services.chassis.clock import Clock
from services.chassis.http.problems import Problem
from services.chassis.http.rates import Rates
from services.intake.messages import message
from services.intake.settings import BATCH_MOST, IntakeSettings


@dataclass(frozen=True)
class EventRate:
    """The limit of the settings; without one any number is taken."""

    rates: Rates | None
    clock: Clock

    @classmethod
    def of(cls, settings: IntakeSettings, clock: Clock) -> EventRate:
        """That of the settings; all processes together have room for the largest batch at once."""
        rate = settings.intake_credential_rate
        burst = settings.intake_credential_burst or max(BATCH_MOST, rate or 0)
        if rate is None:
            return cls(None, clock)
        return cls(Rates.share(rate, burst, settings.http_replicas), clock)

    def check(self, sender: Credential, number: int) -> None:
        """Counts the events of a request; Problem 429 with the seconds to wait if they are many."""
        if self.rates is None:
            return
        key = sender.token or (sender.role, sender.name)
        wait = self.rates.take(key, self.clock() / 1_000_000, number)
        if wait:
            detail = message("events-rate", rate=self.rates.in_words, seconds=wait)
            raise Problem(429, detail, headers={"Retry-After": str(wait)})
