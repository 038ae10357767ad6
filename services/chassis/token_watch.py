"""Keeps the verifier of a process in step with what is revoked, and with the keys of tokens.

Each service looks into its own database, since none reads another's; `danchu token revoke` writes
into all of them.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from services.chassis import revocation_table
from services.chassis.auth.credentials import Verifier
from services.chassis.auth.revocation import Revocations
from services.chassis.database.engine import Database
from services.chassis.errors import DatabaseAway

LOOK_SECONDS = 1.0
log = logging.getLogger(__name__)


@dataclass
class TokenWatch:
    """The watch of one service over its verifier."""

    db: Database
    verifier: Verifier
    _mark: object = None

    async def look(self) -> None:
        """Reads what changed since the last look; DatabaseAway if the database does not answer.

        A start looks before it serves, so that a revoked token is not believed even for a moment.
        """
        self.verifier.refresh_keys()
        mark = await self.db.single_value(revocation_table.MARK)
        if mark != self._mark:
            async with self.db.read() as conn:
                rows = await revocation_table.load(conn)
            self.verifier.revoke(Revocations(rows))
            self._mark = mark

    async def run(self) -> None:
        """Looks every second; what was revoked stays so while the database is away.

        When it is cancelled, what the verifier does beside the requests ends, too.
        """
        try:
            while True:
                await asyncio.sleep(LOOK_SECONDS)
                try:
                    await self.look()
                except DatabaseAway as away:
                    log.warning("revoked tokens cannot be read", extra={"error": str(away)})
        finally:
            await self.verifier.close()
