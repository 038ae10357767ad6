"""The overlay single-node, run by podman: the sample city has the ratings of `danchu up`.

Needs root, podman and the images of deploy/airgap: `make kubernetes` says what is missing. Pods
have names and volumes of their own, so only one such run can be on a machine at a time.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.chassis.clock import now_us
from services.commands import cluster_secrets
from services.commands.nats.grants import SYSTEM_USER
from services.commands.nats.password_files import PASSWORDS
from services.commands.nats.units import Issued
from services.intake.unit_credentials import FILE as CREDENTIALS
from services.intake.unit_credentials import load
from services.simulation.sample import YEAR, sample_lines
from tests.commands.nats.test_unit_credentials import DOOR_A, connect
from tests.deploy.kubernetes.objects import MANIFESTS, ROOT
from tests.deploy.kubernetes.podman import Cluster
from tests.deploy.kubernetes.tools import ToolFailed, built, missing_for_podman, podman
from tests.scoring.web.visiting import hidden
from tests.support.builders.events import event
from tests.support.stacks import Stack, eventually

SINGLE = MANIFESTS / "overlays" / "single-node"
STORES, JOBS, SERVICES = ("postgresql", "nats"), ("migrate", "provision"), (
    "intake", "records", "queries", "fold",
)  # fmt: skip
PORTS = {"fold": 8081}
READY_SECONDS, LOOK_SECONDS = 120, 0.5


def load_images() -> None:
    """Loads the archives of `DANCHU_IMAGES`, and names them as the overlay does; else skips."""
    missing = missing_for_podman()
    if missing is not None:
        pytest.skip(missing)
    folder = Path(os.environ.get("DANCHU_IMAGES", ROOT / "build" / "images"))
    for name in ("danchu", "nats", "postgres"):
        archive = folder / f"{name}.tar"
        if not archive.exists():
            pytest.skip(f"there is no {archive}: deploy/airgap/build.sh FOLDER makes it")
        loaded = podman("load", "--input", str(archive)).split("Loaded image")[-1].split()[-1]
        podman("tag", loaded, image_of(name))


def image_of(name: str) -> str:
    """The image of the overlay with a name, as podman calls it."""
    for each in built(SINGLE):
        for container in (
            each.get("spec", {}).get("template", {}).get("spec", {}).get("containers", [])
        ):
            image = str(container["image"])
            if image.split(":")[0] == name:
                return f"localhost/{image}"
    raise LookupError(name)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cluster, Path]]:
    """The stores of the overlay, running, and the folder of its secrets."""
    load_images()
    folder = tmp_path_factory.mktemp("cluster") / "secrets"
    cluster_secrets.make(folder, "postgresql:5432", now_us())
    cluster = Cluster("danchu-proof", built(SINGLE), built(folder))
    cluster.remove()
    podman("network", "create", cluster.network)
    try:
        for name in STORES:
            cluster.play(name)
        yield cluster, folder
    finally:
        cluster.remove()


def get(cluster: Cluster, name: str, path: str) -> tuple[int, Any]:
    """Status and body of an answer; 0 while nobody listens."""
    url = f"http://{cluster.address(name)}:{PORTS.get(name, 8080)}{path}"
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refusal:
        return refusal.code, json.load(refusal)
    except OSError:
        return 0, None


def until(cluster: Cluster, name: str, path: str, status: int) -> Any:
    """The first answer with a status."""
    end = time.monotonic() + READY_SECONDS
    answer: tuple[int, Any] = (0, None)
    while time.monotonic() < end:
        answer = get(cluster, name, path)
        if answer[0] == status:
            return answer[1]
        time.sleep(LOOK_SECONDS)
    raise AssertionError(f"{name}{path}: {answer}\n{cluster.log(name)[-3000:]}")


def until_ended(cluster: Cluster, name: str) -> None:
    """Waits for a Job; it is started again while what it needs is still starting."""
    end = time.monotonic() + READY_SECONDS
    while time.monotonic() < end:
        state = cluster.state(name)["State"]
        if state["Status"] == "exited" and state["ExitCode"] == 0:
            return
        time.sleep(LOOK_SECONDS)
    raise AssertionError("\n".join(cluster.log(each)[-2000:] for each in (name, *STORES)))


def statuses(readiness: Any) -> set[str]:
    """The status of each service of a process."""
    services = [readiness] if "status" in readiness else readiness.values()
    return {str(service["status"]) for service in services}


def danchu(*arguments: str, home: Path, text: str = "", **environment: str) -> str:
    """The output of a command of danchu outside of the cluster."""
    command = [sys.executable, "-m", "services.cli", *arguments, "--home", str(home)]
    done = subprocess.run(
        command, input=text, capture_output=True, text=True, timeout=120, check=True,
        env={**os.environ, **environment},
    )  # fmt: skip
    return done.stdout


def rated(cluster: Cluster, secrets: Path) -> str:
    """The ratings of the sample city."""
    url = f"http://{cluster.address('queries')}:8080"
    return danchu("rate", "--year", str(YEAR), "--json", "--url", url, home=secrets)


def answers(*command: str) -> bool:
    """Whether a command of podman succeeds."""
    try:
        podman(*command)
    except ToolFailed:
        return False
    return True


def reached(cluster: Cluster, secrets: Path) -> dict[str, str]:
    """The settings by which commands outside of the cluster reach its stores."""
    url = (secrets / "database" / "scoring").read_text()
    nats = cluster.address("nats")
    return {
        "DANCHU_DATABASE_URL": url.replace("@postgresql:", f"@{cluster.address('postgresql')}:"),
        "DANCHU_NATS_URL": f"nats://{nats}:4222", "DANCHU_NATS_MONITOR": f"http://{nats}:8222",
        **{f"DANCHU_NATS_{user.upper()}_PASSWORD_FILE": str(secrets / PASSWORDS / user)
           for user in ("scoring", "provision")},
    }  # fmt: skip


def take_up(cluster: Cluster, secrets: Path, nats: str) -> None:
    """What deploy/README.md says after a credential was made or revoked."""
    cluster_secrets.make(secrets, "postgresql:5432", now_us())
    cluster.renew(built(secrets))
    password = str(secrets / PASSWORDS / SYSTEM_USER)
    own = {"DANCHU_NATS_URL": nats, "DANCHU_NATS_SYSTEM_PASSWORD_FILE": password}
    reloaded = danchu("nats", "reload", "--json", home=secrets, **own)
    assert json.loads(reloaded) == {"servers": ["nats"]}


def test_the_overlay_gives_the_ratings_of_danchu_up(
    cluster: tuple[Cluster, Path], tmp_path: Path
) -> None:
    """Services wait for the schema and say so, Jobs end, and the sample city is rated the same."""
    pods, secrets = cluster
    for name in SERVICES:
        pods.play(name)
    for name in SERVICES:
        until(pods, name, "/healthz", 200)
        waiting = until(pods, name, "/readyz", 503)
        assert statuses(waiting) == {"not ready"}, waiting
    for name in JOBS:
        pods.play(name)
        until_ended(pods, name)
    for name in SERVICES:
        assert statuses(until(pods, name, "/readyz", 200)) <= {"ready", "degraded"}
    city = b"".join(sample_lines()).decode()
    door, queries = (f"http://{pods.address(name)}:8080" for name in ("intake", "queries"))
    report = json.loads(danchu("emit", "-", "--url", door, "--json", home=secrets, text=city))
    assert report == {"accepted": city.count("\n"), "duplicates": 0, "refused": []}
    end = time.monotonic() + READY_SECONDS
    while time.monotonic() < end and get(pods, "fold", "/readyz")[1]["checks"]["lag"] != "0 behind":
        time.sleep(LOOK_SECONDS)
    rate = ("rate", "--year", str(YEAR), "--json")
    ratings = json.loads(danchu(*rate, "--url", queries, home=secrets))
    stack = Stack(tmp_path / "home")
    try:
        stack.up("--port", str(stack.port))
        assert ratings == json.loads(danchu(*rate, home=stack.home)) and len(ratings) > 10
    finally:
        stack.stop()


def test_a_department_joins_over_nats_and_is_cut_off(cluster: tuple[Cluster, Path]) -> None:
    """Its credential reaches the running pods by the Secrets; so does its revocation."""
    pods, secrets = cluster
    nats = f"nats://{pods.address('nats')}:4222"
    unit = ("--unit", "H44.12")
    made = danchu("nats", "credentials", *unit, "--url", nats, "--json", home=secrets)
    (credential,) = load(secrets / CREDENTIALS).values()
    take_up(pods, secrets, nats)

    async def joins() -> None:
        department = await connect(Issued(credential, Path(json.loads(made)["file"])))
        mine = event("nats", subject="H44.12", source="urn:danchu:unit:H44.12:portal")
        answer = await department.ask(DOOR_A, mine)
        assert answer["receipts"][0]["status"] == "accepted", answer
        danchu("nats", "revoke", *unit, home=secrets)
        take_up(pods, secrets, nats)
        await asyncio.wait_for(department.closed.wait(), 10)

    asyncio.run(joins())


def test_a_nightly_backup_restores_to_the_same_ratings(
    cluster: tuple[Cluster, Path], tmp_path: Path
) -> None:
    """The pod of the CronJob makes it; with the keys of the secrets folder another machine goes on,
    from files instead of a server and without the stream."""
    pods, secrets = cluster
    pods.play("backup")
    until_ended(pods, "backup")
    (saved,) = pods.folder("backups").iterdir()
    rate = ("rate", "--year", str(YEAR), "--json")
    ratings = rated(pods, secrets)
    stack = Stack(tmp_path / "home")
    shutil.copytree(secrets / "keys", stack.home / "keys")
    danchu("restore", "--from", str(saved), home=stack.home)
    try:
        stack.up()
        danchu("resend", "--since", f"{YEAR}-01-01", home=stack.home)
        eventually(lambda: stack.get("/lag", "operator")["halted"] is None)
        assert danchu(*rate, home=stack.home) == ratings and len(json.loads(ratings)) > 10
    finally:
        stack.stop()


def test_each_part_may_be_killed_and_deleted(cluster: tuple[Cluster, Path]) -> None:
    """It starts again by itself, or as a new pod on its claims, and the ratings are the same."""
    pods, secrets = cluster
    before = rated(pods, secrets)
    for group in (SERVICES, STORES):
        for name in group:
            os.kill(pods.state(name)["State"]["Pid"], signal.SIGKILL)
            eventually(lambda name=name: pods.state(name)["RestartCount"] > 0)
        pods.delete_all(*group)
        for name in group:
            pods.play(name)
    for name in SERVICES:
        until(pods, name, "/readyz", 200)
    assert rated(pods, secrets) == before


def test_a_backup_goes_back_into_a_cluster_that_lost_everything(
    cluster: tuple[Cluster, Path],
) -> None:
    """As deploy/README.md says: empty stores, the pod of the backup, and `danchu resend`."""
    pods, secrets = cluster
    (saved,) = pods.folder("backups").iterdir()
    before = rated(pods, secrets)
    pods.delete_all(*SERVICES, "backup", "provision")
    for name in STORES:
        pods.delete(name, claims=True)
        pods.play(name)
    eventually(lambda: answers("exec", "postgresql-postgresql", "pg_isready", "-U", "danchu"))
    pods.play("backup", "restore", "--from", f"/backups/{saved.name}")
    until_ended(pods, "backup")
    pods.play("provision")
    until_ended(pods, "provision")
    for name in SERVICES:
        pods.play(name)
    eventually(lambda: "danchu resend" in json.dumps(get(pods, "fold", "/readyz")[1]))
    danchu("resend", "--since", f"{YEAR}-01-01", home=secrets, **reached(pods, secrets))
    until(pods, "fold", "/readyz", 200)
    eventually(lambda: get(pods, "fold", "/readyz")[1]["checks"]["lag"] == "0 behind")
    assert rated(pods, secrets) == before and len(json.loads(before)) > 10
    danchu("audit", home=secrets, **reached(pods, secrets))


def test_a_person_signs_in_with_an_account_that_was_made_outside(
    cluster: tuple[Cluster, Path],
) -> None:
    """It reaches the running pod by the Secret; before that, nobody has the name."""
    pods, secrets = cluster
    url = f"http://{pods.address('queries')}:8080"
    made = json.loads(danchu("account", "add", "lan", "--role", "hr", "--random", "--json",
                             home=secrets))  # fmt: skip
    given = {"name": "lan", "password": made["password"]}
    for status in (httpx.codes.UNAUTHORIZED, httpx.codes.SEE_OTHER):
        with httpx.Client(base_url=url, timeout=10) as browser:
            form = hidden(browser.get("/sign-in")) | given
            assert browser.post("/sign-in", data=form).status_code == status
        pods.renew(built(secrets))


def test_no_process_is_root_or_writes_to_its_image(cluster: tuple[Cluster, Path]) -> None:
    """As podman runs them: their user, a read-only root, no capability, no way to more rights."""
    pods, _ = cluster
    for name in (*STORES, *SERVICES):
        state = pods.state(name)
        assert state["Config"]["User"].split(":")[0] not in ("", "0"), name
        assert state["HostConfig"]["ReadonlyRootfs"] is True, name
        assert state["EffectiveCaps"] in (None, []), name
        assert "no-new-privileges" in state["HostConfig"]["SecurityOpt"], name
