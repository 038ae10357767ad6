"""The files of deploy/ for images and containers keep what deploy/README.md says of them."""

from __future__ import annotations

import hashlib
import http.server
import importlib.util
import io
import json
import os
import random
import re
import subprocess
import sys
import tarfile
import threading
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ruamel.yaml import YAML

from services.commands.nats.grants import GRANTS
from services.commands.setting_names import setting_names
from tests.support.servers import free_port

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
LOCKED = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)
SECONDS = 1_700_000_000


def loaded(name: str) -> ModuleType:
    """A program of deploy/, which is no package."""
    spec = importlib.util.spec_from_file_location("deployed", DEPLOY / name)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """deploy/compose.yaml, with what its services share."""
    content: dict[str, Any] = YAML(typ="safe", pure=True).load(DEPLOY / "compose.yaml")
    return content


def test_the_bill_of_materials_lists_each_locked_package() -> None:
    """By name and version, with the hashes of the lock; and it is the same each time."""
    text = loaded("image/sbom.py").bill()
    bill = json.loads(text)
    assert bill["bomFormat"] == "CycloneDX"
    assert "timestamp" not in bill["metadata"] and "serialNumber" not in bill
    assert bill["metadata"]["component"]["name"] == "danchu"
    listed = {(each["name"], each["version"]) for each in bill["components"]}
    lock = LOCKED.findall((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    assert len(lock) > 50
    assert listed == set(lock)


def test_the_base_has_the_python_that_is_tested() -> None:
    """Its minor is that of the lock; both stages have the same."""
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    oldest = re.search(r'requires-python = ">=([\d.]+)"', (ROOT / "pyproject.toml").read_text())
    assert oldest is not None
    assert f"ARG BASE=python:{oldest[1]}-slim" in text
    assert re.findall(r"^FROM (\S+)", text, re.MULTILINE) == ["${BASE}", "${BASE}"]


def test_every_container_of_compose_is_closed(compose: dict[str, Any]) -> None:
    """Read-only, no capabilities, no new privileges; only the one that gives files away is root."""
    for name, service in compose["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "privileged" not in service
        assert service["mem_limit"] and service["pids_limit"] > 0, name
    root = {name for name, each in compose["services"].items() if each.get("user", "") == "0:0"}
    assert root == {"prepare"}
    assert compose["services"]["prepare"]["network_mode"] == "none"
    assert {name for name, each in compose["services"].items() if "cap_add" in each} == root


def test_compose_publishes_only_http_and_on_the_loopback(compose: dict[str, Any]) -> None:
    """Broker and database are on a network that leads nowhere."""
    ports = {name: each["ports"] for name, each in compose["services"].items() if "ports" in each}
    assert list(ports) == ["danchu"]
    assert ports["danchu"][0].startswith("${DANCHU_PUBLISH_ADDRESS:-127.0.0.1}:")
    assert compose["networks"]["inside"]["internal"] is True
    assert compose["services"]["postgres"]["networks"] == ["inside"]
    assert compose["services"]["nats"]["networks"] == ["inside"]


def test_compose_sets_what_danchu_reads(compose: dict[str, Any]) -> None:
    """Every variable is a setting, and every secret is a file."""
    known = setting_names()
    for name in compose["services"]["danchu"]["environment"]:
        assert name.removesuffix("_FILE") in known, name
        assert name.endswith("_FILE") == ("PASSWORD" in name or "DATABASE" in name)


def test_the_secrets_of_compose_are_made_once(tmp_path: Path, monkeypatch: Any) -> None:
    """Random, readable by their owner alone; a second start changes none."""
    prepare = loaded("compose/prepare.py")
    owners: dict[str, int] = {}
    monkeypatch.setattr(prepare, "FOLDER", tmp_path)
    monkeypatch.setattr(os, "chown", lambda path, user, _: owners.update({Path(path).name: user}))
    for folder in ("danchu", "nats", "nats-data", "postgres"):
        (tmp_path / folder).mkdir()
    prepare.main()
    first = {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    assert all(path.stat().st_mode & 0o377 == 0 for path in first)
    assert owners["server.conf"] == 10002 and owners["password"] == 999
    password = first[tmp_path / "postgres" / "password"]
    assert password in first[tmp_path / "danchu" / "database-url"]
    config = first[tmp_path / "nats" / "server.conf"]
    assert "sync_interval: always" in config and all(user in config for user in GRANTS)
    assert first[tmp_path / "danchu" / "nats-intake"] in config
    prepare.main()
    assert first == {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()}


Entry = tuple[str, bytes, int]


def archive(path: Path, entries: list[Entry], created: str, container: str) -> None:
    """An image of one layer, as an engine saves it."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as out:
        for name, content, mtime in entries:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = len(content), mtime
            out.addfile(entry, io.BytesIO(content))
    config = {
        "architecture": "amd64", "os": "linux", "created": created, "container": container,
        "config": {"Hostname": container[:12], "User": "10001", "Env": ["A=1"]},
        "history": [{"created": created, "created_by": "COPY"}],
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + "0" * 64]},
    }  # fmt: skip
    manifest = [{"Config": "c.json", "RepoTags": ["danchu:1"], "Layers": ["l/layer.tar"]}]
    files = {
        "l/layer.tar": layer.getvalue(), "c.json": json.dumps(config).encode(),
        "manifest.json": json.dumps(manifest).encode(),
    }  # fmt: skip
    with tarfile.open(path, "w") as out:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            out.addfile(entry, io.BytesIO(content))


def test_an_image_has_the_same_digest_however_it_was_built(tmp_path: Path) -> None:
    """Times, ids of containers and the order of entries are no content; a changed byte is."""
    normalise: Callable[[Path, Path, int], str] = loaded("airgap/normalise.py").normalise
    entries = [(f"opt/{n}", str(n).encode(), SECONDS + n) for n in range(20)]
    archive(tmp_path / "a.tar", entries, "2026-01-01T00:00:00Z", "a" * 64)
    random.Random(1).shuffle(entries)
    later = [(name, content, mtime + 99) for name, content, mtime in entries]
    archive(tmp_path / "b.tar", later, "2026-02-02T00:00:00Z", "b" * 64)
    changed = [(name, content + b"!", mtime) for name, content, mtime in entries]
    archive(tmp_path / "c.tar", changed, "2026-01-01T00:00:00Z", "a" * 64)
    digests = [normalise(tmp_path / f"{x}.tar", tmp_path / f"{x}2.tar", SECONDS) for x in "abc"]
    assert digests[0] == digests[1] != digests[2]
    written = [(tmp_path / f"{x}2.tar").read_bytes() for x in "ab"]
    assert written[0] == written[1]


def test_a_normal_image_is_one_that_an_engine_loads(tmp_path: Path) -> None:
    """Its configuration is named by its digest and lists those of the layers."""
    archive(tmp_path / "a.tar", [("opt/a", b"a", SECONDS)], "2026-01-01T00:00:00Z", "a" * 64)
    digest = loaded("airgap/normalise.py").normalise(
        tmp_path / "a.tar", tmp_path / "b.tar", SECONDS
    )
    with tarfile.open(tmp_path / "b.tar") as image:
        content: Mapping[str, bytes] = {
            name: (image.extractfile(name) or io.BytesIO()).read() for name in image.getnames()
        }
    (manifest,) = json.loads(content["manifest.json"])
    config = json.loads(content[manifest["Config"]])
    assert digest == "sha256:" + hashlib.sha256(content[manifest["Config"]]).hexdigest()
    assert config["config"] == {"Env": ["A=1"], "User": "10001"}
    assert config["rootfs"]["diff_ids"] == [
        "sha256:" + hashlib.sha256(content[layer]).hexdigest() for layer in manifest["Layers"]
    ]


def test_a_damaged_bundle_is_not_loaded(tmp_path: Path) -> None:
    """The script says so and calls no engine."""
    (tmp_path / "load.sh").write_text((DEPLOY / "airgap" / "load.sh").read_text())
    (tmp_path / "images").mkdir()
    image = tmp_path / "images" / "danchu.tar.gz"
    image.write_bytes(b"an image")
    digest = hashlib.sha256(b"an image").hexdigest()
    (tmp_path / "SHA256SUMS").write_text(f"{digest}  ./images/danchu.tar.gz\n")
    command = ["sh", str(tmp_path / "load.sh")]
    fake = {**os.environ, "ENGINE": "echo"}
    whole = subprocess.run(command, env=fake, capture_output=True, text=True, check=False)
    assert whole.returncode == 0 and "load -q -i images/danchu.tar.gz" in whole.stdout
    image.write_bytes(b"an imagE")
    damaged = subprocess.run(command, env=fake, capture_output=True, text=True, check=False)
    assert damaged.returncode == 1 and "load" not in damaged.stdout
    assert "nothing was loaded" in damaged.stderr


class Answer(http.server.BaseHTTPRequestHandler):
    """A process whose health is the status of its class."""

    status = 200

    def do_GET(self) -> None:
        """Answers /healthz alone."""
        self.send_response(self.status if self.path == "/healthz" else 404)
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        """Prints nothing."""


def test_a_container_is_healthy_while_its_process_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """It asks the port of the fold where there is one; a 503 and silence are faults."""
    check = loaded("image/health_check.py").main
    with http.server.HTTPServer(("127.0.0.1", free_port()), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("DANCHU_PORT", str(server.server_port))
        assert check() == 0
        monkeypatch.setattr(Answer, "status", 503)
        assert check() == 1
        monkeypatch.setattr(Answer, "status", 200)
        monkeypatch.setenv("DANCHU_HEALTH_PORT", str(free_port()))
        assert check() == 1
        server.shutdown()


@pytest.mark.parametrize(
    ("script", "lacking", "words"),
    [
        ("build.sh", {"ENGINE": "no-such-engine"}, "there is no"),
        ("build.sh", {"ENGINE": "false"}, "ENGINE=podman"),
        ("bundle.sh", {"PYTHON": "/bin/false"}, "make setup"),
        ("bundle.sh", {"PYTHON": sys.executable}, "build.sh"),
    ],
)
def test_a_script_says_what_it_lacks(
    script: str, lacking: dict[str, str], words: str, tmp_path: Path
) -> None:
    """Before it writes anything: a sentence, and exit code 2."""
    for name in ("git", "mmdebstrap"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "out").mkdir()
    found = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(
        [str(DEPLOY / "airgap" / script), str(tmp_path / "out")],
        check=False, capture_output=True, text=True, env=found | lacking,
    )  # fmt: skip
    assert done.returncode == 2 and not list((tmp_path / "out").iterdir())
    assert words in done.stderr or (script == "build.sh" and "as root" in done.stderr)


def test_the_scripts_of_deploy_can_be_run() -> None:
    """They are executable and name no archive of packages: the machine's own settings do."""
    for script in DEPLOY.rglob("*.sh"):
        assert os.access(script, os.X_OK), script
        subprocess.run(["bash", "-n", str(script)], check=True)
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert re.fullmatch(r"[\d.]+", version)
