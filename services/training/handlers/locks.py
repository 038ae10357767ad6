"""The locks of training, taken in one order by every command.

The order is: which units succeed which, a course, its persons, memberships.
"""

from sqlalchemy.ext.asyncio import AsyncConnection

from services.records import journal

SUCCESSIONS = "which units succeed which"
"""The announcements of a person rest on it: nobody announces while another command changes it."""


async def lock_successions(conn: AsyncConnection) -> None:
    """Locks successions for a command that changes them, until the transaction ends."""
    await journal.lock(conn, SUCCESSIONS)


async def share_successions(conn: AsyncConnection) -> None:
    """Locks successions for a command that announces, beside others that announce."""
    await journal.lock(conn, SUCCESSIONS, shared=True)
