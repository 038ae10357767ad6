"""What each step of a year will do, said before it does it; nothing is done here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts.messages import Message
from services.chassis.web.formats import count, deadline, moment
from services.scoring.readmodel.years import YearView
from services.scoring.web.desk import Desk
from services.scoring.web.messages import message
from services.scoring.year.keys import Role
from services.scoring.year.seal import encode_root
from services.scoring.year.stages import reply_until

Fact = tuple[Message, str]
SIGNERS = {"draft": Role.OPERATOR, "seal": Role.AUDITOR}


@dataclass(frozen=True)
class Effects:
    """The sentences of the confirmations, of a process with these parts."""

    desk: Desk

    async def of(self, view: YearView, step: str, values: Mapping[str, Any]) -> list[Message]:
        """What the step will do, one sentence each."""
        match step:
            case "publish":
                return self._publish(view, values["date"])
            case "reopen":
                return [
                    message("desk-reopen-version", version=view.state.version + 1),
                    message("desk-reopen-late", number=view.late),
                    message("desk-reopen-old", version=view.state.version),
                    message("desk-reopen-next"),
                ]
            case "draft":
                return self._draft()
            case "signature":
                return [message("desk-signature-adds"), message("desk-draft-frees")]
            case "seal":
                return await self._seal(view)
            case _:
                return [message("desk-drop-gone"), message("desk-drop-again")]

    def _publish(self, view: YearView, date: str) -> list[Message]:
        now = self.desk.reading.clock()
        rubrics = self.desk.reading.snapshots.rubrics.of_year(view.state.year)
        days = max((rubric.reply_days for rubric in rubrics), default=0)
        until = deadline(reply_until(date, now, days))
        sentences = [message("desk-publish-cut")]
        sentences.append(
            message("desk-publish-until", until=until) if days else message("desk-publish-at-once")
        )
        sentences.append(message("desk-publish-counting"))
        if view.draft is not None:
            sentences.append(message("desk-publish-draft"))
        return sentences

    def _draft(self) -> list[Message]:
        signed = "desk-draft-signed" if self.signs_here("draft") else "desk-draft-unsigned"
        return [
            message("desk-draft-cut"), message(signed), message("desk-draft-frees"),
            message("desk-draft-other"),
        ]  # fmt: skip

    async def _seal(self, view: YearView) -> list[Message]:
        draft = view.draft
        if draft is None:
            return []
        late = await self.desk.years.late_after(view.state.year, draft.cut)
        sentences = [
            message("desk-seal-final", ratings=count(draft.size - draft.events - 1)),
            message("desk-seal-late", cut=moment(draft.cut)),
        ]
        if late:
            sentences.append(message("desk-seal-left-out", number=late))
        return [*sentences, message("desk-seal-reopen")]

    def facts(self, view: YearView, step: str) -> list[Fact]:
        """What is signed by a step of the seal."""
        draft = view.draft
        if draft is None or step not in ("signature", "seal", "drop"):
            return []
        return [
            (message("desk-fact-decision"), draft.decision),
            (message("desk-fact-cut"), moment(draft.cut)),
            (message("desk-fact-events"), count(draft.events)),
            (message("desk-fact-ratings"), count(draft.size - draft.events - 1)),
            (message("desk-fact-root"), encode_root(draft.root)),
            (message("desk-fact-by"), draft.drafted_by),
        ]

    def signs_here(self, step: str) -> bool:
        """Whether a key of this installation signs the step, so that no signature is typed."""
        role = SIGNERS.get(step)
        keyring, now = self.desk.seals.keyring, self.desk.reading.clock()
        return role is not None and keyring.signer(role, now) is not None
