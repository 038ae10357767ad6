"""Simulated events: a city of any size (`simulate`), and the sample city of a first start.

Owns nothing and imports nothing of the services: it makes plain events, as a department would.
"""

from services.simulation.city import simulate
from services.simulation.sample import sample_city, sample_stray
from services.simulation.scenes import SIGHTS

__all__ = ["SIGHTS", "sample_city", "sample_stray", "simulate"]
