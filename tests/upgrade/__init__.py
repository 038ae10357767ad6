"""Upgrades: kept states of earlier releases under the code of today, and two versions at once."""
