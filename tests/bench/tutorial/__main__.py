"""`python -m tests.bench.tutorial fold` or `queries`: the processes of the tutorial design."""

from __future__ import annotations

import os
import sys

import uvloop

from services.scoring.rubrics.loader import SHIPPED
from tests.bench.listen import listen
from tests.bench.tutorial import api, subscriber


async def main(part: str) -> None:
    """Runs one part."""
    database = os.environ["BENCH_DATABASE"]
    if part == "fold":
        await subscriber.build(os.environ["BENCH_NATS"], database, SHIPPED).run()
    else:
        await listen(api.build(database))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
