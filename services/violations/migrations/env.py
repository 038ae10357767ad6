"""Runs the migrations of the violations on the caller's connection."""

from alembic import context

from services.chassis.migrations import run_migrations

run_migrations(context)
