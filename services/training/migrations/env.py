"""Runs the migrations of training on the connection that the caller gives."""

from alembic import context

from services.chassis.migrations import run_migrations

run_migrations(context)
