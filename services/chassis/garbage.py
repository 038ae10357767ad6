"""How often the cycle collector of the interpreter runs."""

import gc

OBJECTS = 50_000
"""The number of new objects between two runs. A batch of the fold, or a page of ratings, makes tens
of thousands of objects and hardly a cycle: at the default of 700 the runs took a fifth of the
fold's time, and every reader waited for those that go through a whole year in memory."""


def collect_seldom() -> None:
    """Sets it for this process."""
    gc.set_threshold(OBJECTS)
