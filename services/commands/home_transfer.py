"""Moves a home from SQLite to PostgreSQL: every table of every service, while danchu is stopped.

The SQLite files, the keys and the stream stay as they are.
"""

import contextlib

from services.chassis.database.url import file_of, normal_url
from services.chassis.errors import DanchuError
from services.chassis.settings import Settings
from services.commands.homes import require_databases
from services.commands.messages import message
from services.commands.service_copy import copy_services, open_database
from services.commands.service_registry import SERVICES, migrate_one, migrations_of
from services.commands.stack import stack_lock
from services.commands.table_copy import check_empty
from services.commands.terminal import Step


class NothingToCarry(DanchuError):
    """The data of a service is already on a server."""

    def __init__(self, service: str) -> None:
        super().__init__(message("carry-on-server", service=service))


class TargetIsFile(DanchuError):
    """The target is a file, which cannot hold the tables of all services."""

    def __init__(self) -> None:
        super().__init__(message("carry-to-file"))


async def carry(settings: Settings, url: str, step: Step) -> dict[str, dict[str, int]]:
    """Copies everything into the database at `url`; returns the rows by service and table.

    Everything is copied and compared before the first transaction commits, so a failure leaves the
    target empty. AlreadyUp while the stack runs.
    """
    target = normal_url(url, "--to")
    if file_of(target) is not None:
        raise TargetIsFile()
    require_databases(settings, SERVICES)
    for name in SERVICES:
        if settings.database_file(name) is None:
            raise NothingToCarry(name)
    with stack_lock(settings.home):
        async with contextlib.AsyncExitStack() as stack:
            sources = {name: await open_database(stack, settings.database(name), name)
                       for name in SERVICES}  # fmt: skip
            targets = {name: await open_database(stack, target, name) for name in SERVICES}
            for name in SERVICES:
                await sources[name].open(migrations_of(name), exact=True)
                async with targets[name].read() as conn:
                    await check_empty(conn, name, targets[name].where)
            for name in SERVICES:
                await migrate_one(name, settings.model_copy(update={"database_url": url}))
            return await copy_services(sources, targets, step)
