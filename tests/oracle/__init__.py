"""A naive recomputation of the scoring rules, from the event list alone.

It is slow on purpose and shares no code with the services: what both say is probably right. Where
the rules leave room it reads them so: of several dissolutions of a unit the latest decides; each
failed gate, and each ceiling lower than the class after the gates, is a reason of its own;
one event that sets and clears a key clears it; the view that does not bind has no rank or share.
"""

from .counting import counted
from .rating import rate

__all__ = ["counted", "rate"]
