"""The bill of materials of an image's Python packages, as CycloneDX JSON, from the lock file.

The same lock gives the same bytes: no time, no serial number. deploy/airgap/bundle.sh adds it
to the bundle.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def bill(validate: bool = False) -> str:
    """The bill of requirements.lock, whose root component is danchu of pyproject.toml.

    `validate` compares it with the schema of CycloneDX, which takes some seconds.
    """
    command = [
        sys.executable, "-m", "cyclonedx_py", "requirements", "--output-reproducible",
        "--validate" if validate else "--no-validate", "--short-PURLs", "--of", "JSON",
        "--pyproject", str(ROOT / "pyproject.toml"), str(ROOT / "requirements.lock"),
    ]  # fmt: skip
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(bill(validate=True), encoding="utf-8")
