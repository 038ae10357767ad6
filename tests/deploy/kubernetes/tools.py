"""The programs of `make kubernetes`: kubectl, the validator, the linter, and podman."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.deploy.kubernetes.objects import ROOT, Object, documents

BIN = ROOT / ".venv-kubernetes" / "bin"
MINORS = ("1.35.0", "1.36.0", "1.37.0")
SECONDS = 120
EXTERNAL = {"Cluster": "postgresql.cnpg.io/v1"}
"""Kinds of operators, of which the validator has no schema."""


class ToolFailed(Exception):
    """A program ended with an error; the message is what it wrote."""


def run(*command: str, text: str = "", seconds: int = SECONDS) -> str:
    """The output of a program; ToolFailed with what it wrote if it fails."""
    done = subprocess.run(
        command, input=text, capture_output=True, text=True, timeout=seconds, check=False,
        env={**os.environ, "CONTAINERS_CONF": str(Path(__file__).with_name("containers.conf"))},
    )  # fmt: skip
    if done.returncode:
        raise ToolFailed(f"{command[0]} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def tool(name: str) -> str:
    """A program of `make kubernetes`."""
    return str(BIN / name)


def build(folder: Path) -> str:
    """The objects of a folder as `kubectl apply -k` would send them."""
    return run(tool("kubectl"), "kustomize", str(folder))


def built(folder: Path) -> list[Object]:
    """The same, as objects."""
    return documents(build(folder))


def podman(*command: str, text: str = "") -> str:
    """The output of podman."""
    return run("podman", *command, text=text)


def missing_for_podman() -> str | None:
    """Why pods cannot run on this machine; None if they can."""
    if not (shutil.which("podman") and shutil.which("runc")):
        return "podman is not installed (Debian: podman, catatonit, netavark, aardvark-dns, runc)"
    if os.geteuid() != 0:
        return "pods are run as root here"
    try:
        podman("info")
    except (ToolFailed, subprocess.SubprocessError, OSError) as error:
        return f"podman does not answer: {error}"
    return None
