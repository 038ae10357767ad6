"""Runs the migrations of the awards on the caller's connection."""

from alembic import context

from services.chassis.migrations import run_migrations

run_migrations(context)
