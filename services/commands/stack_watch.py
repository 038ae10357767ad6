"""What the screen of `danchu up` says about the running stack: halts, and who else can write."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from contracts.messages import LANGUAGES, Message
from services.chassis.broker.openness import CLOSED, OPENNESS
from services.chassis.settings import Settings
from services.commands.client import Client, Unanswered, tokens
from services.commands.messages import message
from services.scoring.errors import FoldHalted
from services.scoring.readmodel import sealed_rubrics

WATCH_SECONDS = 5.0
FOLDS, ANSWERS = ("runs here", "runs elsewhere"), "answers"
"""The readiness of a working fold, and of a database."""


@dataclass
class StackWatch:
    """Asks the running stack; `say` prints a line for a person."""

    settings: Settings
    client: Client
    say: Callable[[str], None]

    async def ready(self) -> None:
        """Reports what an operator must know, other rubrics than the sealed ones, and readiness."""
        for notice in await self._notices():
            self.say(notice)
        differing = (await self._checks()).get(sealed_rubrics.CHECK, sealed_rubrics.AGREES)
        if differing != sealed_rubrics.AGREES:
            self.say(str(differing))
        self.say(message("ready"))

    async def run(self) -> None:
        """Reports each later notice once."""
        last = await self._notices()
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            notices = await self._notices()
            for notice in notices:
                if notice not in last:
                    self.say(notice)
            last = notices

    async def _notices(self) -> list[str]:
        """Why the fold is halted, and, where that is not why, that others can write to EVENTS."""
        halt = await self._halt()
        notices = [] if halt is None else [halt]
        openness = str((await self._checks()).get(OPENNESS, CLOSED[0]))
        if openness not in CLOSED and openness not in (halt or ""):
            notices.append(openness)
        return notices

    async def _checks(self) -> dict[str, Any]:
        """The checks in the readiness of scoring; none from a process that is being restarted."""
        with contextlib.suppress(Unanswered, ValueError):
            answer = await self.client.get("/scoring/readyz")
            checks: dict[str, Any] = answer.json().get("checks", {})
            return checks
        return {}

    async def _halt(self) -> str | None:
        """The reason of a halt of the fold and what to do; None without one.

        The lag shows it first, but needs a token; readiness is public.
        """
        # a process that is away is being restarted, which is reported
        with contextlib.suppress(Unanswered, ValueError):
            lag: dict[str, Any] = {}
            if self.settings.token_public_key is None:
                token = tokens(self.settings.home)["operator"]
                lag = (await self.client.get("/scoring/lag", token)).json()
            checks = await self._checks()
            fold = str(checks.get("fold", FOLDS[0]))
            if fold not in FOLDS and checks.get("database") == ANSWERS:
                return fold
            if lag.get("halted") is not None:
                why = (str(lag.get(f"halted_{language}", lag["halted"])) for language in LANGUAGES)
                return FoldHalted(Message("halted", *why)).message
        return None
