"""Copies the databases of services, each with its own tables and migrations."""

import contextlib
from importlib import import_module

from sqlalchemy import MetaData
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.engine import Database
from services.chassis.database.limits import PATIENT
from services.commands.table_copy import check_tables, copy_tables, count_rows
from services.commands.terminal import Step

Rows = dict[str, dict[str, int]]
"""How many rows were copied, by service and table."""


def service_tables(name: str) -> MetaData:
    """The tables of a service of this version."""
    metadata: MetaData = import_module(f"services.{name}.tables").metadata
    return metadata


async def open_database(stack: contextlib.AsyncExitStack, url: str, name: str) -> Database:
    """A database without time limits, closed with the stack."""
    db = Database(url, name, PATIENT)
    stack.push_async_callback(db.close)
    return db


async def copy_services(
    sources: dict[str, Database], targets: dict[str, Database], step: Step
) -> Rows:
    """Copies and compares every table of these services; nothing is committed before the last."""
    async with contextlib.AsyncExitStack() as transactions:
        connections: dict[str, tuple[AsyncConnection, AsyncConnection]] = {}
        for name in sources:
            source = await transactions.enter_async_context(sources[name].read())
            target = await transactions.enter_async_context(targets[name].write())
            connections[name] = source, target
            if sources[name].sqlite:
                await check_tables(source, service_tables(name), sources[name].where)
        total = sum(
            [
                await count_rows(source, service_tables(name))
                for name, (source, _) in connections.items()
            ]
        )
        copied = 0

        def progress(rows: int) -> None:
            nonlocal copied
            copied += rows
            step(copied, total)

        return {
            name: await copy_tables(*pair, service_tables(name), progress)
            for name, pair in connections.items()
        }
