"""The images as they are built, and the composed stack as it runs: what `make containers` checks.

DANCHU_COMPOSED is the address of the running stack; the images are those of images.env.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.stacks import Stack

URL = os.environ["DANCHU_COMPOSED"]
PROJECT = os.environ["COMPOSE_PROJECT_NAME"]
IMAGES = {name: os.environ[f"{name}_IMAGE"] for name in
          ("DANCHU", "DANCHU_NATS", "DANCHU_POSTGRES")}  # fmt: skip
TOOLS = ("pip", "pip3", "gcc", "cc", "make", "git", "curl")


def engine(*arguments: str) -> str:
    """What the engine answers."""
    return subprocess.run(
        ["docker", *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


def inspected(what: str) -> dict[str, Any]:
    """An image or a container, as the engine describes it."""
    (description,) = json.loads(engine("inspect", what))
    return dict(description)


@pytest.fixture(scope="module")
def running() -> dict[str, dict[str, Any]]:
    """The running containers of the composed stack by their service."""
    ids = engine("ps", "-q", "--filter", f"label=com.docker.compose.project={PROJECT}").split()
    return {
        each["Config"]["Labels"]["com.docker.compose.service"]: each for each in map(inspected, ids)
    }


@pytest.mark.parametrize("name", IMAGES)
def test_no_image_runs_as_root(name: str) -> None:
    """Its user is a number, which policies can compare."""
    user = inspected(IMAGES[name])["Config"]["User"]
    assert all(int(number) > 0 for number in user.split(":"))


def test_the_image_says_what_it_is() -> None:
    """Version, commit, health check, the one user."""
    config = inspected(IMAGES["DANCHU"])["Config"]
    assert config["Labels"]["org.opencontainers.image.revision"] == os.environ["COMMIT"]
    assert config["Labels"]["org.opencontainers.image.version"] == IMAGES["DANCHU"].split(":")[1]
    assert config["User"] == "10001:10001"
    assert "health_check.py" in " ".join(config["Healthcheck"]["Test"])


def test_no_tool_of_a_build_is_in_the_image() -> None:
    """Neither an installer nor a compiler."""
    look = (
        "; ".join(f"command -v {tool}" for tool in TOOLS) + "; python -c 'import pip' && echo pip"
    )
    command = f"({look}) 2> /dev/null; true"
    image = IMAGES["DANCHU"]
    assert engine("run", "--rm", "--network=none", "--entrypoint=sh", image, "-c", command) == ""


def test_every_container_is_closed(running: dict[str, dict[str, Any]]) -> None:
    """Read-only, without capabilities or new privileges, not root, and no larger than it may be."""
    assert set(running) == {"danchu", "nats", "postgres"}
    for container in running.values():
        host = container["HostConfig"]
        assert host["ReadonlyRootfs"] and host["CapDrop"] == ["ALL"] and not host["CapAdd"]
        assert host["SecurityOpt"] == ["no-new-privileges:true"]
        assert host["Memory"] > 0 and host["PidsLimit"] > 0
        assert not container["Config"]["User"].startswith("0")
        assert container["State"]["Health"]["Status"] == "healthy"


def test_only_http_is_published_and_on_the_loopback(running: dict[str, dict[str, Any]]) -> None:
    """Broker and database are reached on the inner network alone."""
    published = {
        (service, port, binding["HostIp"])
        for service, container in running.items()
        for port, bindings in (container["NetworkSettings"]["Ports"] or {}).items()
        for binding in bindings or []
    }
    assert published == {("danchu", "8080/tcp", "127.0.0.1")}


def test_no_secret_is_in_an_environment(running: dict[str, dict[str, Any]]) -> None:
    """They are files, each named by `…_FILE`."""
    for container in running.values():
        names = {each.partition("=")[0] for each in container["Config"]["Env"]}
        secret = {name for name in names if "PASSWORD" in name or "DATABASE_URL" in name}
        assert all(name.endswith("_FILE") for name in secret)


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """What `make run` starts: everything on this machine, with the sample city."""
    stack = Stack(tmp_path_factory.mktemp("city") / "home")
    stack.process = stack.begin("--port", str(stack.port))
    stack.wait("ready.")
    yield stack
    assert stack.stop() == 0


def test_the_sample_city_is_rated_as_on_this_machine(local: Stack, tmp_path: Path) -> None:
    """All its ratings are equal, to the hundredth and the reason."""
    composed = Stack(tmp_path / "composed")
    composed.home.mkdir()
    composed.url = URL
    container = engine("ps", "-q", "--filter", f"label=com.docker.compose.project={PROJECT}",
                       "--filter", "label=com.docker.compose.service=danchu")  # fmt: skip
    tokens = engine("exec", container, "cat", "/var/lib/danchu/tokens.json")
    (composed.home / "tokens.json").write_text(tokens)
    expected = local.get("/ratings?year=2025&limit=1000")["items"]
    assert len(expected) > 30
    assert composed.get("/ratings?year=2025&limit=1000")["items"] == expected
