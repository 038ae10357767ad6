"""`python -m tests.deploy.topology`: runs the drill; the exit code is 1 where it fails."""

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from tests.deploy.topology.drill import run
from tests.support.scratch import keep_in_memory


def main() -> int:
    """Runs the drill in a folder of its own."""
    keep_in_memory()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="danchu-topology-") as folder:
        home = Path(folder) / "home"
        try:
            asyncio.run(run(home))
        except AssertionError as failure:
            print(f"FAILED: {failure}")
            for log in sorted(home.glob("*.log")):
                lines = log.read_text(errors="replace").splitlines()[-15:]
                print(f"== {log.name}", *lines, sep="\n")
            return 1
    print(f"the topology held, in {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
