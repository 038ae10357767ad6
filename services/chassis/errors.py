"""The errors that all services share, each with a sentence for people."""

from collections.abc import Sequence

from contracts.messages import Message
from services.chassis.error_causes import cause_of
from services.chassis.messages import message

OPEN_OVERRIDE = "DANCHU_NATS_OPEN_ACCEPTED"


class DanchuError(Exception):
    """An error to show to a person: `message` is a whole sentence in each language."""

    def __init__(self, message: Message) -> None:
        self.message = message
        super().__init__(message)


class DatabaseAway(DanchuError):
    """The database did not answer, or refused the connection; the caller may try again."""

    def __init__(self, cause: BaseException | str) -> None:
        self.cause = cause_of(cause)
        super().__init__(message("database-away", cause=self.cause))


class DiskFull(DatabaseAway):
    """The database has no room to write; nothing is accepted until it has some again."""

    def __init__(self, cause: BaseException | str) -> None:
        super().__init__(cause)
        self.message = message("disk-full", cause=cause if isinstance(cause, str) else self.cause)
        self.args = (self.message,)


class DatabaseDamaged(DanchuError):
    """The file of a database is none, or damaged; trying again is of no use."""

    def __init__(self, where: str, cause: BaseException) -> None:
        super().__init__(message("database-damaged", where=where, cause=cause_of(cause)))


class OutboxWaits(DanchuError):
    """Accepted events have waited so long for the stream that answers lack them."""

    def __init__(self, number: int, seconds: int) -> None:
        super().__init__(message("outbox-waits", number=number, seconds=seconds))


class BrokerAway(DanchuError):
    """NATS did not answer, or refused what was published; the caller may try again."""

    def __init__(self, cause: BaseException | str) -> None:
        self.cause = cause_of(cause)
        super().__init__(message("broker-away", cause=self.cause))


class DurabilityTooWeak(DanchuError):
    """A store would lose acknowledged data in a power cut; the process refuses to start."""

    def __init__(self, store: str, setting: str, value: str, needed: str, why: str) -> None:
        self.setting, self.value, self.needed = setting, value, needed
        super().__init__(
            message(
                "durability-weak", store=store, setting=setting, value=value, needed=needed, why=why
            )
        )


class DurabilityUnknown(DanchuError):
    """A server does not report its durability, so an operator has to vouch for it by a setting."""

    def __init__(self, store: str, setting: str, override: str) -> None:
        self.setting, self.override = setting, override
        super().__init__(
            message("durability-unknown", store=store, setting=setting, override=override)
        )


class StreamOpen(DanchuError):
    """Anybody who reaches NATS can write to EVENTS, as if it were an event that a door accepted."""

    def __init__(self, servers: Sequence[str], accepted: bool) -> None:
        code = "stream-open-accepted" if accepted else "stream-open"
        super().__init__(message(code, servers=", ".join(servers), override=OPEN_OVERRIDE))


class StateOfNewerVersion(DanchuError):
    """The database was migrated by a newer version of danchu than this one."""

    def __init__(self, where: str, revision: str) -> None:
        self.revision = revision
        super().__init__(message("state-newer", where=where, revision=revision))


class StateNotMigrated(DanchuError):
    """The database lacks the tables of this version."""

    def __init__(self, where: str) -> None:
        super().__init__(message("state-not-migrated", where=where))


class SettingWrong(DanchuError):
    """A setting has a value that cannot be used."""

    def __init__(self, setting: str, why: str) -> None:
        self.setting = setting
        super().__init__(message("setting-wrong", setting=setting, why=why))
