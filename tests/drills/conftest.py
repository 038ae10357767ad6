"""What differs for drills."""

import pytest


@pytest.fixture
def anyio_backend() -> str:
    """The services of most drills are processes with loops of their own; this is the drill's."""
    return "asyncio"
